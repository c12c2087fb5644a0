//! Builds the HTTP client: TLS roots, limits, the proxy of whoever runs the process, no redirects of its own. IO (reads the CA file).

use std::{path::Path, sync::Arc, time::Duration};

use reqwest::{Client, Proxy, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use url::Url;

pub use super::connecting::Connecting;
use super::{error::FetchError, limits::Limits, resolver::CheckedResolver};

/// Largest block of headers of an HTTP/2 answer.
const HEADER_BYTES: u32 = 64 * 1024;

/// A client that trusts the Mozilla roots and those in `ca_file`. A proxy of the environment is not used: it would
/// look names up itself, past the guard. `proxy` is one that whoever runs the process named for this very purpose.
pub fn build(
    limits: &Limits,
    resolver: CheckedResolver,
    connecting: Connecting,
    ca_file: Option<&Path>,
    proxy: Option<&Url>,
) -> Result<Client, FetchError> {
    let builder = Client::builder().no_proxy();
    let builder = match proxy {
        Some(url) => {
            let proxy = Proxy::all(url.clone())
                .map_err(|error| FetchError::Internal(error.without_url().to_string()))?;
            builder.proxy(proxy)
        }
        None => builder,
    };
    builder
        .tls_backend_preconfigured(tls(ca_file)?)
        .dns_resolver(resolver)
        .connector_layer(connecting)
        .connect_timeout(limits.connect_timeout)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(Duration::from_secs(20))
        .http2_max_header_list_size(HEADER_BYTES)
        // As browsers do: old servers fold header lines, and one bad header need not lose a page.
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .build()
        .map_err(|error| FetchError::Internal(error.without_url().to_string()))
}

fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, FetchError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        add_ca_file(&mut roots, path).map_err(|problem| FetchError::CaFile {
            path: path.display().to_string(),
            problem,
        })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Internal(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn add_ca_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    let mut added = 0;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        added += 1;
    }
    if added == 0 {
        Err("it holds no PEM certificate (-----BEGIN CERTIFICATE-----)".to_owned())
    } else {
        Ok(())
    }
}
