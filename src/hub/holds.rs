use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connects are held over long polling: in all, and by each browser.
pub(super) struct Holds {
    held: Arc<Mutex<Held>>,
    held_max: usize,
    per_browser_max: usize,
}

#[derive(Default)]
struct Held {
    len: usize,
    by_browser: HashMap<Box<str>, usize>,
}

/// One held connect, for as long as it exists.
pub(super) struct Hold {
    held: Arc<Mutex<Held>>,
    browser: Option<Box<str>>,
}

impl Holds {
    pub(super) fn new(held_max: usize, per_browser_max: usize) -> Self {
        Self {
            held: Arc::default(),
            held_max,
            per_browser_max,
        }
    }

    /// None if there are as many as may be, in all or by `browser`. One that `replaces` another of its session may be one
    /// too many, since that one is about to end.
    pub(super) fn enter(&self, browser: Option<&str>, replaces: bool) -> Option<Hold> {
        let mut held = locked(&self.held);
        let allowance = usize::from(replaces);
        if held.len >= self.held_max.saturating_add(allowance) {
            return None;
        }
        if let Some(browser) = browser {
            let by_browser = held.by_browser.get(browser).copied().unwrap_or(0);
            if by_browser >= self.per_browser_max.saturating_add(allowance) {
                return None;
            }
            *held.by_browser.entry(browser.into()).or_default() += 1;
        }
        held.len += 1;
        Some(Hold {
            held: Arc::clone(&self.held),
            browser: browser.map(Into::into),
        })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = locked(&self.held);
        held.len -= 1;
        let Some(browser) = &self.browser else {
            return;
        };
        if let Some(count) = held.by_browser.get_mut(browser) {
            *count -= 1;
            if *count == 0 {
                held.by_browser.remove(browser);
            }
        }
    }
}

fn locked(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
