use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest channel name that is accepted, in bytes.
const LEN_MAX: usize = 256;

/// A valid channel name or pattern, cheap to clone.
///
/// One slash at the end is not part of the name: `/v2/me/interactions/` and `/v2/me/interactions` are one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(Arc<str>);

/// What a channel is for, by its first segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/meta/…`: the protocol itself.
    Meta,
    /// `/service/…`: between one client and the server.
    Service,
    /// Everything else.
    Broadcast,
}

/// The name breaks the channel grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid channel name")]
pub struct InvalidChannel;

impl ChannelId {
    /// Parses a channel to publish to: no wildcards.
    pub fn parse(text: &str) -> Result<Self, InvalidChannel> {
        let channel = Self::parse_pattern(text)?;
        if channel.is_wild() {
            Err(InvalidChannel)
        } else {
            Ok(channel)
        }
    }

    /// Parses what may be subscribed to: the last segment may be `*` or `**`.
    pub fn parse_pattern(text: &str) -> Result<Self, InvalidChannel> {
        let name = text.strip_suffix('/').unwrap_or(text);
        let segments = name.strip_prefix('/').ok_or(InvalidChannel)?;
        if name.len() > LEN_MAX {
            return Err(InvalidChannel);
        }
        let mut segments = segments.split('/').peekable();
        while let Some(segment) = segments.next() {
            let wild_end = segments.peek().is_none() && matches!(segment, "*" | "**");
            if !wild_end && !is_plain(segment) {
                return Err(InvalidChannel);
            }
        }
        Ok(Self(name.into()))
    }

    /// The name without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last segment is a wildcard.
    pub fn is_wild(&self) -> bool {
        self.0.ends_with('*')
    }

    /// What the channel is for.
    pub fn kind(&self) -> Kind {
        match self.0[1..].split('/').next() {
            Some("meta") => Kind::Meta,
            Some("service") => Kind::Service,
            _ => Kind::Broadcast,
        }
    }

    /// The patterns that match this channel, nearest first; none for meta and service channels.
    pub fn patterns(&self) -> impl Iterator<Item = String> + '_ {
        let mut end = match self.kind() {
            Kind::Broadcast => self.0.rfind('/'),
            Kind::Meta | Kind::Service => None,
        };
        let nearest = end.map(|end| format!("{}/*", &self.0[..end]));
        let deeper = std::iter::from_fn(move || {
            let at = end?;
            end = self.0[..at].rfind('/');
            Some(format!("{}/**", &self.0[..at]))
        });
        nearest.into_iter().chain(deeper)
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ChannelId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The reference's characters of a name, less the ones only it allows at the cost of ambiguity: `*` stays a wildcard.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" !#$()+-.@_{~}".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_the_parents() {
        let of = |name: &str| {
            ChannelId::parse(name)
                .expect("valid")
                .patterns()
                .collect::<Vec<_>>()
        };
        assert_eq!(of("/a/b/c"), ["/a/b/*", "/a/b/**", "/a/**", "/**"]);
        assert_eq!(of("/a"), ["/*", "/**"]);
        assert!(of("/service/echo").is_empty());
        assert!(of("/meta/connect").is_empty());
    }

    #[test]
    fn the_grammar_is_kept() {
        for bad in [
            "", "/", "//", "a", "/a//b", "/a/*/b", "/a/***", "/a?b=1", "/ä", "/a/b*", "/a//",
        ] {
            assert_eq!(ChannelId::parse_pattern(bad), Err(InvalidChannel), "{bad}");
        }
        for good in ["/a", "/a/", "/*", "/**", "/a/**", "/a b/c.d-e_f!~(x)$@"] {
            assert!(ChannelId::parse_pattern(good).is_ok(), "{good}");
        }
        assert!(ChannelId::parse("/a/*").is_err());
        assert_eq!(ChannelId::parse("/a/b/"), ChannelId::parse("/a/b"));
    }
}
