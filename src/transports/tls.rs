//! TLS by a certificate from files, which may be replaced while the server runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What connections are secured with. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    identity: Arc<Identity>,
}

/// The certificate of now, and where the next one comes from.
#[derive(Debug)]
struct Identity {
    certificates: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

/// Why a certificate is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("cannot read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The certificate and the key do not go together, or are of a kind that is not known.
    #[error("the certificate and its key are not good")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// TLS by a certificate, followed by those that vouch for it, and its key, both in PEM.
    ///
    /// # Errors
    /// A file cannot be read, or they do not go together.
    pub fn open(certificates: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = read(&certificates, &key, &provider)?;
        let identity = Arc::new(Identity {
            certificates,
            key,
            provider: Arc::clone(&provider),
            current: RwLock::new(current),
        });
        let resolver = Arc::clone(&identity);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        Ok(Self { config, identity })
    }

    /// Reads the files again, for the connections to come; if that fails the certificate of before stays.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn reload(&self) -> Result<(), TlsError> {
        let Identity {
            certificates,
            key,
            provider,
            current,
        } = &*self.identity;
        let new = read(certificates, key, provider)?;
        *current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The handshake of a connection.
    pub(super) async fn accept<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        acceptor.accept(stream).await
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read();
        Some(Arc::clone(&current.unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(
    certificates: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let of = |path: &Path| {
        let path = path.to_owned();
        |source| TlsError::File { path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(of(certificates))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(of(key))?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, provider)?))
}
