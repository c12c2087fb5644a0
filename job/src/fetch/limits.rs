//! Limits of a source's requests, from the manifest and its defaults. Pure.

use std::time::Duration;

use sms_crds::{DurationString, v1alpha1::FetchSpec};

use super::error::FetchError;

/// Limits of a source's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All tries of one request together, body included; only waits that `Retry-After` asks for are not counted.
    pub timeout: Duration,
    /// One connection, TLS included.
    pub connect_timeout: Duration,
    /// Silence of the server, from the moment it is connected.
    pub idle_timeout: Duration,
    /// Tries of one request.
    pub attempts: u32,
    /// Bytes of one body after decompression.
    pub max_body_bytes: u64,
    /// Pause between two requests to one host.
    pub delay: Duration,
}

impl Limits {
    /// The limits that `spec` gives.
    pub fn from_spec(spec: &FetchSpec) -> Result<Self, FetchError> {
        Ok(Self {
            timeout: duration("timeout", spec.timeout.as_ref(), 30)?,
            connect_timeout: duration("connectTimeout", spec.connect_timeout.as_ref(), 10)?,
            idle_timeout: duration("idleTimeout", spec.idle_timeout.as_ref(), 10)?,
            attempts: number("attempts", spec.attempts, 3)?,
            max_body_bytes: number("maxBodyBytes", spec.max_body_bytes, 10 * 1024 * 1024)?,
            delay: duration("delay", spec.delay.as_ref(), 1)?,
        })
    }
}

fn duration(
    field: &str,
    text: Option<&DurationString>,
    default_seconds: u64,
) -> Result<Duration, FetchError> {
    text.map_or(Ok(Duration::from_secs(default_seconds)), |text| {
        text.to_std()
            .map_err(|error| FetchError::spec(format!("spec.fetch.{field}"), error.to_string()))
    })
}

fn number<T: TryInto<N>, N: Default + PartialEq>(
    field: &str,
    value: Option<T>,
    default: N,
) -> Result<N, FetchError> {
    let Some(value) = value else { return Ok(default) };
    let error = || FetchError::spec(format!("spec.fetch.{field}"), "must be 1 or more");
    let number = value.try_into().map_err(|_| error())?;
    if number == N::default() {
        Err(error())
    } else {
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_manifest_leaves_out_has_the_documented_default() {
        let limits = Limits::from_spec(&FetchSpec::default()).unwrap();
        let seconds = Duration::from_secs;
        let wanted = Limits {
            timeout: seconds(30),
            connect_timeout: seconds(10),
            idle_timeout: seconds(10),
            attempts: 3,
            max_body_bytes: 10_485_760,
            delay: seconds(1),
        };
        assert_eq!(limits, wanted);
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        let bad = [
            (
                FetchSpec {
                    timeout: Some(DurationString::new("0s")),
                    ..FetchSpec::default()
                },
                "spec.fetch.timeout",
            ),
            (
                FetchSpec {
                    delay: Some(DurationString::new("soon")),
                    ..FetchSpec::default()
                },
                "spec.fetch.delay",
            ),
            (
                FetchSpec {
                    attempts: Some(0),
                    ..FetchSpec::default()
                },
                "spec.fetch.attempts",
            ),
            (
                FetchSpec {
                    max_body_bytes: Some(-1),
                    ..FetchSpec::default()
                },
                "spec.fetch.maxBodyBytes",
            ),
        ];
        for (spec, path) in bad {
            let error = Limits::from_spec(&spec).unwrap_err().to_string();
            assert!(error.starts_with(path), "{error}");
        }
    }
}
