//! TLS: whom we trust, and HTTP/2.

use std::{path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use sms_crds::report::Reason;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::server::ok;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn config(authority: Option<&Authority>, name: &str, is_expired: bool) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if is_expired {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, authority).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

/// Serves one page over TLS; gives its address.
async fn serve(config: ServerConfig) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&ok("secure")).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

fn trusting(dir: &Path, pem: &str) -> FetchSettings {
    write(dir, "ca.pem", pem);
    FetchSettings {
        ca_file: Some(dir.join("ca.pem")),
        ..loopback()
    }
}

#[tokio::test]
async fn an_authority_in_the_ca_file_is_trusted_and_no_other() {
    let (ours, other) = (authority("ours"), authority("other"));
    let dir = tempfile::tempdir().unwrap();
    let url = serve(config(Some(&ours), "127.0.0.1", false)).await;
    // The file may hold several.
    let settings = trusting(dir.path(), &format!("{}\n{}", other.pem(), ours.pem()));
    let trusted = fetcher_with(&spec(&url), &settings).unwrap().first(None).await;
    assert_eq!(page(trusted).document.body, b"secure");
    let settings = trusting(dir.path(), &other.pem());
    for settings in [settings, loopback()] {
        let error = fetcher_with(&spec(&url), &settings)
            .unwrap()
            .first(None)
            .await
            .unwrap_err();
        assert_eq!(error.reason(), Reason::TlsFailed, "{error}");
        assert!(error.to_string().contains("CA file"), "{error}");
    }
}

#[tokio::test]
async fn expired_self_signed_and_misnamed_certificates_are_refused() {
    let ours = authority("ours");
    let dir = tempfile::tempdir().unwrap();
    let settings = trusting(dir.path(), &ours.pem());
    for (config, part) in [
        (config(Some(&ours), "127.0.0.1", true), "expired"),
        (config(None, "127.0.0.1", false), "unknown authority"),
        (config(Some(&ours), "other.example", false), "another host"),
    ] {
        let url = serve(config).await;
        let error = fetcher_with(&spec(&url), &settings)
            .unwrap()
            .first(None)
            .await
            .unwrap_err();
        assert_eq!(error.reason(), Reason::TlsFailed, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(record(
        "certificates that are expired, self-signed or another host's",
        "3 certificates, 3 TlsFailed",
        "TlsFailed"
    ));
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let empty = trusting(dir.path(), "no certificate");
    let gone = FetchSettings {
        ca_file: Some(dir.path().join("gone.pem")),
        ..loopback()
    };
    for settings in [empty, gone] {
        let error = fetcher_with(&spec("https://127.0.0.1:1/"), &settings)
            .unwrap()
            .first(None)
            .await
            .unwrap_err();
        assert_eq!(error.reason(), Reason::FileUnreadable);
        assert!(error.to_string().contains(".pem"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_modern_tls_behind_https_is_no_secure_connection() {
    // A server hello of TLS 1.0, with a cipher suite of its time.
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let answers = [
        ("plain HTTP", ok("plain")),
        ("TLS 1.0", hello),
        ("an alert: protocol version", vec![0x15, 3, 1, 0, 2, 2, 70]),
        ("an alert: handshake failure", vec![0x15, 3, 3, 0, 2, 2, 40]),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("zeros", vec![0; 100_000]),
        (
            "a record of 64 KiB",
            [vec![0x16, 3, 3, 0xff, 0xff], vec![2; 70_000]].concat(),
        ),
    ];
    let count = answers.len();
    for (name, answer) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let mut stream = listener.accept().await.unwrap().0;
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        });
        let error = failure(&once(&url)).await;
        assert_eq!(error.reason(), Reason::TlsFailed, "{name}: {error}");
    }
    let figure = format!("{count} servers, {count} TlsFailed");
    assert!(record(
        "TLS of an old version, alerts and garbage",
        figure,
        "TlsFailed"
    ));
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_does() {
    let ours = authority("ours");
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(Some(&ours), "127.0.0.1", false);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut number = 0;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            number += 1;
            let mut head = axum::http::Response::builder();
            if number == 2 {
                head = head.header("content-length", "100");
            }
            let mut body = respond.send_response(head.body(()).unwrap(), false).unwrap();
            body.send_data("over h2".into(), number != 2).unwrap();
            if number == 2 {
                tokio::spawn(async move {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    body.send_reset(h2::Reason::INTERNAL_ERROR);
                });
            }
        }
    });
    let fetcher = fetcher_with(&once(&url), &trusting(dir.path(), &ours.pem())).unwrap();
    assert_eq!(page(fetcher.first(None).await).document.body, b"over h2");
    // On the same connection: a stream that breaks.
    assert_eq!(fetcher.page("/2").await.unwrap_err().reason(), Reason::BodyBroken);
    assert_eq!(page(fetcher.page("/3").await).document.body, b"over h2");
}
