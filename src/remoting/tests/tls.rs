//! TLS and plain connections on one port.

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::*;

/// Takes any certificate, as Java's clients do in their test mode.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn connector() -> TlsConnector {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn tls_and_plain_clients_share_the_port() {
    let server = TestServer::start(Limits::default()).await;
    let mut plain = server.connect().await;
    let encrypted = connector().connect("localhost".try_into().unwrap(), server.connect().await.stream).await.unwrap();
    let mut encrypted = Wire { stream: encrypted, buffer: BytesMut::new() };
    for opaque in 1..20 {
        let text = "x".repeat(opaque as usize * 5_000);
        check_answer(&encrypted.ask(echo_request(opaque, &text)).await, 0, opaque, &text);
        check_answer(&plain.ask(echo_request(opaque, "plain")).await, 0, opaque, "plain");
    }
}

#[tokio::test]
async fn a_broken_handshake_is_closed_and_harms_no_other() {
    let server = TestServer::start(Limits::default()).await;
    let mut other = server.connect().await;
    let mut wire = server.connect().await;
    wire.send(&[0x16, 3, 1, 0, 4, 9, 9, 9, 9]).await;
    // An alert may come before the end.
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, wire.stream.read_to_end(&mut rest)).await.expect("closed").ok();
    check_answer(&other.ask(echo_request(1, "alive")).await, 0, 1, "alive");
}
