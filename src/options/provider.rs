//! The options about an identity provider, put together.

use super::Options;
use crate::identity::{ClaimNames, InvalidNames, KeySource, ProviderSettings};

/// Why the options about an identity provider are not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidProvider {
    /// There is one key set.
    #[error("the keys are in jwks_file or at jwks_url, not both")]
    TwoSources,
    /// What its claims are called makes no sense.
    #[error(transparent)]
    Names(#[from] InvalidNames),
}

impl Options {
    /// The identity provider; none if no key set is named.
    ///
    /// # Errors
    /// The options contradict one another, or name what there cannot be.
    pub fn provider_settings(&self) -> Result<Option<ProviderSettings>, InvalidProvider> {
        let names = ClaimNames::parse(
            [
                &self.jwt_user_claim,
                &self.jwt_centre_claim,
                &self.jwt_roles_claim,
            ],
            &self.jwt_role_names,
            &self.jwt_default_centre,
        )?;
        let is_file = !self.jwks_file.as_os_str().is_empty();
        let keys = match (is_file, self.jwks_url.is_empty()) {
            (false, true) => return Ok(None),
            (true, false) => return Err(InvalidProvider::TwoSources),
            (true, true) => KeySource::File(self.jwks_file.clone()),
            (false, false) => KeySource::Url(self.jwks_url.clone()),
        };
        Ok(Some(ProviderSettings {
            keys,
            refresh_ms: self.jwks_refresh_ms,
            names,
            issuer: self.jwt_issuer.clone(),
            audience: self.jwt_audience.clone(),
            leeway_s: self.jwt_leeway_s,
        }))
    }
}
