//! TLS in front of the embedded DynamoDB, as a function meets the real one.

use local::failure::{Context, Failure, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A listener on a loopback port that ends TLS and hands on what comes. Dropping it ends it.
pub struct Front {
    endpoint: String,
    bundle: PathBuf,
    server: AbortHandle,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Front {
    /// Starts one before `backend` (`host:port`), with a certification authority of its own whose certificate goes into
    /// `directory`.
    ///
    /// # Errors
    /// When no port can be had or the certificate cannot be written.
    pub async fn start(backend: SocketAddr, directory: &Path) -> Result<Self> {
        let bundle = directory.join("authority.pem");
        let acceptor = acceptor(&bundle)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("TLS gets no port")?;
        let port = listener.local_addr().context("TLS has no address")?.port();
        let server = tokio::spawn(serve(listener, acceptor, backend)).abort_handle();
        Ok(Self { endpoint: format!("https://localhost:{port}"), bundle, server })
    }

    /// The endpoint URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// File with the certificate of the authority to trust.
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }
}

/// With a certificate for `localhost`, ECDSA P-256 as DynamoDB has today; its authority's goes into the file `bundle`.
fn acceptor(bundle: &Path) -> Result<TlsAcceptor> {
    let unmade = "no certificate can be made";
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // By the name that both would have otherwise, OpenSSL takes the server's certificate for self-signed.
    authority.distinguished_name.push(DnType::CommonName, "the benchmark's authority");
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().context(unmade)?).context(unmade)?;
    std::fs::write(bundle, authority.pem()).context(bundle.display())?;
    let key = KeyPair::generate().context(unmade)?;
    let server = CertificateParams::new(["localhost".to_owned()]).context(unmade)?;
    let certificate = server.signed_by(&key, &authority).context(unmade)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| Failure::new(unmade))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context(unmade)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .context(unmade)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, backend: SocketAddr) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Whoever hangs up or does not trust us is told so by the connection's end.
            let _ = hand_on(client, acceptor, backend).await;
        });
    }
}

async fn hand_on(client: TcpStream, acceptor: TlsAcceptor, backend: SocketAddr) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await?;
    let mut backend = TcpStream::connect(backend).await?;
    backend.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut backend).await?;
    Ok(())
}
