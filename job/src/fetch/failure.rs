//! Makes errors of this module of the HTTP client's. Pure.

use std::{error::Error, io};

use rustls::CertificateError;

use super::{error::FetchError, guard::Refusal, limits::Limits};

/// The error for a request to `url` (redacted) at `host` that got no answer.
pub fn of_request(error: reqwest::Error, url: &str, host: &str, limits: &Limits) -> FetchError {
    let error = error.without_url();
    let url = url.to_owned();
    let sent = !error.is_connect();
    if let Some(refusal) = find::<Refusal>(&error) {
        return FetchError::AddressForbidden {
            url,
            refusal: refusal.clone(),
        };
    }
    if let Some(problem) = find::<rustls::Error>(&error) {
        return FetchError::Tls {
            url,
            problem: tls_problem(problem),
        };
    }
    if error.is_dns() {
        return FetchError::Dns {
            host: host.to_owned(),
            problem: root_cause(&error),
        };
    }
    if error.is_timeout() && error.is_connect() {
        let phase = "connecting (spec.fetch.connectTimeout)";
        return FetchError::TimedOut {
            url,
            phase,
            limit: limits.connect_timeout,
            sent,
        };
    }
    FetchError::Connect {
        url,
        problem: root_cause(&error),
        sent,
    }
}

/// The text of the innermost error: the outer ones only say that something failed.
pub fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An io::Error leaves out the error that it wraps when asked for its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| find::<T>(inner)) {
            return Some(found);
        }
        current = error.source();
    }
    None
}

fn tls_problem(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return format!("{error}; the server may be too old (TLS 1.2 is the least)");
    };
    match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; tell its owner".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clock of this machine".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "its certificate comes from an unknown authority; whoever runs this process can trust it with a CA file"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host; check the host in the address".to_owned()
        }
        other => format!("its certificate is not valid: {other}"),
    }
}
