//! Whose pages may use the server, where contact centres have pages of their own.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::http::HeaderMap;

use crate::domain::CentreId;
use crate::transports::{is_listed, pages_of};

/// Stands for every origin.
const ANY: &str = "*";

/// Origins beside the server's own, written as a list with commas: `https://desk.example` for every contact centre,
/// `acme=https://desk.example` for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    of_all: Vec<String>,
    of_centres: BTreeMap<CentreId, Vec<String>>,
}

/// Why a text lists no origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigins {
    /// Browsers name pages otherwise, so that it would never fit.
    #[error(
        "'{0}' is no origin: one is written as https://desk.example or https://desk.example:8443, without a path"
    )]
    NoOrigin(String),
    /// What comes before the `=`.
    #[error("'{0}' is no name of a contact centre")]
    NoCentre(String),
    /// Nobody else could use the server's own page.
    #[error("'{0}' would take every other contact centre's pages for its own: name its origins")]
    Everything(String),
}

impl FromStr for Origins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let mut origins = Self::default();
        let entries = text.split(',').map(str::trim);
        for entry in entries.filter(|it| !it.is_empty()) {
            let Some((centre, origin)) = entry.split_once('=') else {
                origins.of_all.push(parsed(entry)?);
                continue;
            };
            let centre = CentreId::parse(centre.trim())
                .map_err(|_| InvalidOrigins::NoCentre(centre.to_owned()))?;
            if origin.trim() == ANY {
                return Err(InvalidOrigins::Everything(entry.to_owned()));
            }
            let own = origins.of_centres.entry(centre).or_default();
            own.push(parsed(origin.trim())?);
        }
        Ok(origins)
    }
}

fn parsed(origin: &str) -> Result<String, InvalidOrigins> {
    let is_host = |it: &str| !it.is_empty() && !it.contains(['/', '?', '#', '@', ' ']);
    let is_origin = origin
        .split_once("://")
        .is_some_and(|(scheme, host)| !scheme.is_empty() && is_host(host));
    match origin == ANY || is_origin {
        true => Ok(origin.to_owned()),
        false => Err(InvalidOrigins::NoOrigin(origin.to_owned())),
    }
}

impl Origins {
    /// All of them. A browser asks for leave before it says whose page it is.
    pub fn all(&self) -> Vec<String> {
        let of_centres = self.of_centres.values().flatten();
        self.of_all.iter().chain(of_centres).cloned().collect()
    }

    /// The contact centres that have some of their own.
    pub fn centres(&self) -> impl Iterator<Item = &CentreId> {
        self.of_centres.keys()
    }

    /// Whether a request comes from a page that is another contact centre's.
    pub(super) fn are_foreign(&self, headers: &HeaderMap, centre: &CentreId) -> bool {
        let own = self.of_centres.get(centre);
        let is_own = |page: &str| own.is_some_and(|own| is_listed(page, own));
        let is_anybodys = |page: &str| self.of_centres.values().any(|it| is_listed(page, it));
        !self.of_centres.is_empty()
            && pages_of(headers)
                .any(|page| !is_listed(page, &self.of_all) && !is_own(page) && is_anybodys(page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_they_are_written() {
        let text = " https://all.example, acme=https://desk.acme.example:8443,acme=app://desk,";
        let origins: Origins = text.parse().expect("it is a list");
        let all = [
            "https://all.example",
            "https://desk.acme.example:8443",
            "app://desk",
        ];
        assert_eq!(origins.all(), all);
        assert_eq!(
            origins.centres().map(CentreId::as_str).collect::<Vec<_>>(),
            ["acme"]
        );
        assert_eq!("".parse(), Ok(Origins::default()));
        assert_eq!(
            "*".parse::<Origins>().map(|it| it.all()),
            Ok(vec!["*".to_owned()])
        );
    }

    #[test]
    fn what_would_never_fit_is_refused() {
        for text in [
            "desk.example",
            "https://desk.example/",
            "https://desk.example/page",
            "https://",
            "://desk",
            "https://a@desk.example",
            "acme=",
            "acme=*",
            "=https://desk.example",
            "https://a.example https://b.example",
        ] {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
    }
}
