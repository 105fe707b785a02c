//! An identity provider whose tokens are taken: its keys, kept up to date, and the names of its claims.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use jsonwebtoken::{Header, Validation};
use reqwest::redirect::Policy;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::claims::{ClaimNames, Claims};
use super::key_set::{InvalidKeySet, KeySet};
use super::verifying::rules;
use crate::transports::Unauthenticated;

/// Bytes that a key set may take.
pub const KEY_SET_BYTES_MAX: usize = 256 * 1024;
/// How long asking for a key set may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long after a key was missed and the set asked for again that is not done again, whatever is missed, in milliseconds.
pub const REFRESH_INTERVAL_MIN_MS: u64 = 10_000;

/// Where a key set is published.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In a file on this machine.
    File(PathBuf),
    /// At an http or https address.
    Url(String),
}

/// What is known of an identity provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Where its keys are.
    pub keys: KeySource,
    /// How long its keys are taken before they are read again.
    pub refresh_ms: u64,
    /// Where its tokens say what.
    pub names: ClaimNames,
    /// The issuer that its tokens must name, unless this is empty.
    pub issuer: String,
    /// The audience that its tokens must name, unless this is empty.
    pub audience: String,
    /// Seconds by which its clock may differ.
    pub leeway_s: u64,
}

/// An identity provider.
pub struct Provider {
    settings: ProviderSettings,
    rules: Validation,
    http: reqwest::Client,
    keys: RwLock<Current>,
    generation: AtomicU64,
    /// When its keys were last asked for since one was missed. Who misses one meanwhile waits for who is asking.
    missed_at: Mutex<Option<Instant>>,
    /// Whether its keys came when they were asked for last.
    is_fresh: AtomicBool,
}

/// The keys as they are now, and the text that they are from.
#[derive(Default)]
struct Current {
    text: Vec<u8>,
    keys: Arc<KeySet>,
}

/// Why a key set could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// The file cannot be read.
    #[error("it cannot be read")]
    File(#[from] std::io::Error),
    /// The address does not answer.
    #[error("it cannot be fetched")]
    Url(#[from] reqwest::Error),
    /// The address is not one of http or https.
    #[error("its address is not one of http or https")]
    Scheme,
    /// It is too long.
    #[error("it is longer than {KEY_SET_BYTES_MAX} bytes")]
    TooLong,
    /// It is not what it should be.
    #[error(transparent)]
    Invalid(#[from] InvalidKeySet),
}

impl Provider {
    /// A provider, whose keys are read now and from then on at every period.
    ///
    /// # Errors
    /// A file cannot be read or is no key set; an address is none. An address that does not answer may do so later.
    pub async fn open(settings: ProviderSettings) -> Result<Arc<Self>, KeySetError> {
        if let KeySource::Url(url) = &settings.keys {
            let url = reqwest::Url::parse(url).map_err(|_| KeySetError::Scheme)?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(KeySetError::Scheme);
            }
        }
        let http = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            // Keys come from where the operator said, and from nowhere else.
            .redirect(Policy::none())
            .build()?;
        let provider = Arc::new(Self {
            rules: rules(&settings.issuer, &settings.audience, settings.leeway_s),
            settings,
            http,
            keys: RwLock::default(),
            generation: AtomicU64::new(0),
            missed_at: Mutex::new(None),
            is_fresh: AtomicBool::new(false),
        });
        match (provider.refresh().await, &provider.settings.keys) {
            (Err(error), KeySource::File(_)) => return Err(error),
            (Err(_), KeySource::Url(_)) | (Ok(()), _) => {}
        }
        tokio::spawn(keep_fresh(Arc::downgrade(&provider)));
        Ok(provider)
    }

    /// A number that changes with the keys.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a token is signed by the provider, by what it says of its key.
    pub(super) fn names_key(&self, header: &Header) -> bool {
        self.current().find(header.kid.as_deref()).is_some()
    }

    /// What a token says; a key that is not known may have come since the keys were read.
    ///
    /// # Errors
    /// It has expired, or was never valid.
    pub(super) async fn verify(
        &self,
        token: &str,
        header: &Header,
    ) -> Result<Claims, Unauthenticated> {
        if !self.names_key(header) && header.kid.is_some() {
            self.refresh_at_most_so_often().await;
        }
        let keys = self.current();
        let key = keys.find(header.kid.as_deref());
        let key = key.ok_or(Unauthenticated::Invalid)?;
        key.verify(token, &self.settings.names)
    }

    fn current(&self) -> Arc<KeySet> {
        let current = self.keys.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner).keys)
    }

    async fn refresh_at_most_so_often(&self) {
        let mut missed_at = self.missed_at.lock().await;
        let interval = Duration::from_millis(REFRESH_INTERVAL_MIN_MS);
        if missed_at.is_none_or(|at| at.elapsed() >= interval) {
            // What went wrong is in the log.
            self.refresh().await.ok();
            *missed_at = Some(Instant::now());
        }
    }

    async fn refresh(&self) -> Result<(), KeySetError> {
        let done = self.replace_keys().await;
        self.is_fresh.store(done.is_ok(), Ordering::Relaxed);
        done
    }

    /// How long its keys are good for.
    fn wait(&self) -> Duration {
        let period_ms = self.settings.refresh_ms.max(1);
        Duration::from_millis(match self.is_fresh.load(Ordering::Relaxed) {
            true => period_ms,
            false => period_ms.min(REFRESH_INTERVAL_MIN_MS),
        })
    }

    /// Reads the keys; those that are known stay if that fails.
    async fn replace_keys(&self) -> Result<(), KeySetError> {
        let read = async {
            let text = self.read().await?;
            let keys = KeySet::parse(&text, &self.rules)?;
            Ok((text, Arc::new(keys)))
        };
        let (text, keys) = read.await.inspect_err(|error: &KeySetError| {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(%error, reason, "the key set could not be read: the known keys stay");
        })?;
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if current.text != text {
            *current = Current { text, keys };
            self.generation.fetch_add(1, Ordering::Release);
            tracing::info!("the key set is new");
        }
        Ok(())
    }

    async fn read(&self) -> Result<Vec<u8>, KeySetError> {
        match &self.settings.keys {
            KeySource::File(file) => {
                let file = file.clone();
                let read = tokio::task::spawn_blocking(move || std::fs::read(file)).await;
                let text = read.map_err(std::io::Error::other)??;
                checked_len(text)
            }
            KeySource::Url(url) => {
                let mut reply = self.http.get(url).send().await?.error_for_status()?;
                let mut text = Vec::new();
                while let Some(chunk) = reply.chunk().await? {
                    text.extend_from_slice(&chunk);
                    text = checked_len(text)?;
                }
                Ok(text)
            }
        }
    }
}

fn checked_len(text: Vec<u8>) -> Result<Vec<u8>, KeySetError> {
    if text.len() > KEY_SET_BYTES_MAX {
        return Err(KeySetError::TooLong);
    }
    Ok(text)
}

/// Reads the keys at every period, and earlier again while they cannot be had, until the provider is gone.
async fn keep_fresh(provider: Weak<Provider>) {
    while let Some(wait) = provider.upgrade().map(|it| it.wait()) {
        sleep(wait).await;
        if let Some(provider) = provider.upgrade() {
            provider.refresh().await.ok();
        }
    }
}
