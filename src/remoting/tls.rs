//! TLS on the same port as plain connections, told apart by the first byte.
//!
//! Java: TlsMode.PERMISSIVE with its test certificate, both the default. The certificate is made when the first client
//! asks for TLS, is signed by itself, and is gone with the process: it keeps others from reading along, and proves
//! nothing about who answers. Must not know what is said over the connection.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// First byte of a TLS handshake; no frame can start with it, its length word would be too large.
const HANDSHAKE: u8 = 0x16;
/// A handshake takes no longer.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Waits for the first byte, leaves it unread, and tells whether a TLS handshake begins with it.
pub(super) async fn is_handshake(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(first == [HANDSHAKE]),
    }
}

/// Answers the handshake.
pub(super) async fn accept(stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let shaken = tokio::time::timeout(HANDSHAKE_MAX, acceptor()?.accept(stream)).await;
    shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn acceptor() -> io::Result<TlsAcceptor> {
    static ACCEPTOR: OnceLock<TlsAcceptor> = OnceLock::new();
    if let Some(made) = ACCEPTOR.get() {
        return Ok(made.clone());
    }
    tracing::warn!(
        "a client speaks TLS: it is served with a self-signed certificate, which proves nothing about this server"
    );
    let made = TlsAcceptor::from(Arc::new(self_signed().map_err(io::Error::other)?));
    // Two first clients at once may make one each; the first that is kept serves all later ones.
    Ok(ACCEPTOR.get_or_init(|| made).clone())
}

fn self_signed() -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)?;
    Ok(config)
}
