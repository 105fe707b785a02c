//! Reading the disk beside the writer and off the runtime: so many at a time, and so many who wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// As many wait as may, or the contact centre has stopped.
#[derive(Debug)]
pub(super) struct Busy;

/// What is read with, each for one reading at a time. Clones are the same.
pub(super) struct Readings<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    len: u32,
    waiting: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    readers: Mutex<Vec<T>>,
}

impl<T: Send + 'static> Readings<T> {
    /// Reads with `readers`; `len_max` readings are under way or wait, the next one is refused at once.
    pub(super) fn new(readers: Vec<T>, len_max: usize) -> Self {
        let len = readers.len();
        Self {
            shared: Arc::new(Shared {
                len: u32::try_from(len).unwrap_or(u32::MAX),
                waiting: Arc::new(Semaphore::new(len_max)),
                turns: Arc::new(Semaphore::new(len)),
                readers: Mutex::new(readers),
            }),
        }
    }

    pub(super) async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, Busy> {
        let shared = Arc::clone(&self.shared);
        let admitted = Arc::clone(&shared.waiting).try_acquire_owned();
        let admitted = admitted.map_err(|_| Busy)?;
        let turn = Arc::clone(&shared.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Busy)?;
        // Whoever goes away meanwhile leaves the reader busy, and keeps the place that he has taken.
        let held: [OwnedSemaphorePermit; 2] = [admitted, turn];
        let reading = spawn_blocking(move || {
            let mut reader = shared.readers().pop().ok_or(Busy)?;
            let result = read(&mut reader);
            shared.readers().push(reader);
            drop(held);
            Ok(result)
        });
        reading.await.unwrap_or(Err(Busy))
    }

    /// Waits for those who read, and lets go of what they read with.
    pub(super) async fn close(&self) {
        let shared = &self.shared;
        shared.waiting.close();
        let _ = shared.turns.acquire_many(shared.len).await;
        shared.turns.close();
        shared.readers().clear();
    }
}

impl<T> Clone for Readings<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Shared<T> {
    fn readers(&self) -> MutexGuard<'_, Vec<T>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_goes_away_keeps_his_place_until_his_reading_ends() {
        let readings = Readings::new(vec![()], 1);
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let reading = tokio::spawn({
            let readings = readings.clone();
            async move {
                let held = readings.read(move |()| {
                    let _ = begun.send(());
                    let _ = released.recv();
                });
                held.await
            }
        });
        begins.await.expect("it begins");
        reading.abort();
        assert!(reading.await.is_err(), "he has gone away");
        assert!(readings.read(|()| ()).await.is_err(), "it is being read");
        release.send(()).expect("it is still being read");
        while readings.read(|()| ()).await.is_err() {
            tokio::task::yield_now().await;
        }
        readings.close().await;
        assert!(readings.read(|()| ()).await.is_err(), "it is closed");
    }
}
