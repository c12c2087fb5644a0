//! DNS look-ups whose answers are checked before anything connects to them. IO.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;
use url::Url;

use super::guard::{Guard, Refusal};

/// How long this machine may look for a name that the proxy will look up anyway.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(2);

/// Finds the addresses of a name.
type LookUp = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// A resolver that gives only addresses that may be reached. The connection is made to exactly these, so that a name
/// that resolves differently a moment later (DNS rebinding) gains nothing.
#[derive(Clone)]
pub struct CheckedResolver {
    guard: Guard,
    look_up: LookUp,
    /// Host of the proxy, which whoever runs the process chose and which may be anywhere.
    proxy: Option<String>,
}

impl CheckedResolver {
    /// The system's resolver, checked by `guard`.
    pub fn system(guard: Guard) -> Self {
        let look_up = |name: String| -> BoxFuture<'static, _> {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
        };
        Self {
            guard,
            look_up: Arc::new(look_up),
            proxy: None,
        }
    }

    /// The same, for connections to `proxy` alone: its own name may have any address.
    #[must_use]
    pub fn through(mut self, proxy: Option<&Url>) -> Self {
        self.proxy = proxy.and_then(Url::host_str).map(str::to_owned);
        self
    }

    /// Whether this machine knows a forbidden address of `host`. A name that only the proxy can look up passes: what that
    /// one reaches is then its own business.
    ///
    /// # Errors
    /// The address that may not be reached.
    pub async fn check_behind_proxy(&self, host: &str) -> Result<(), Refusal> {
        let look_up = (self.look_up)(self.guard.name_to_resolve(host));
        match timeout(LOOK_UP_LIMIT, look_up).await {
            Ok(Ok(answers)) => {
                let addresses: Vec<IpAddr> = answers.iter().map(SocketAddr::ip).collect();
                self.guard.check_answers(host, &addresses)
            }
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard;
        let host = name.as_str().to_owned();
        let is_proxy = self.proxy.as_deref() == Some(host.as_str());
        let answers = (self.look_up)(match is_proxy {
            true => host.clone(),
            false => guard.name_to_resolve(&host),
        });
        Box::pin(async move {
            let answers = answers.await?;
            if answers.is_empty() {
                return Err("no address".into());
            }
            let addresses: Vec<IpAddr> = answers.iter().map(SocketAddr::ip).collect();
            if !is_proxy {
                guard.check_answers(&host, &addresses)?;
            }
            Ok(Box::new(answers.into_iter()) as Addrs)
        })
    }
}

/// A resolver that gives the answers in turn, and the number of look-ups.
#[cfg(test)]
pub fn scripted(
    guard: Guard,
    answers: Vec<Vec<IpAddr>>,
) -> (CheckedResolver, Arc<std::sync::atomic::AtomicUsize>) {
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let look_up = move |_: String| -> BoxFuture<'static, _> {
        let turn = counter
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst)
            .min(answers.len() - 1);
        let found = answers[turn].iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
        Box::pin(async move { Ok(found) })
    };
    (
        CheckedResolver {
            guard,
            look_up: Arc::new(look_up),
            proxy: None,
        },
        count,
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use tokio::net::TcpListener;

    use super::super::{client, limits::Limits};
    use super::*;

    const STRICT: Guard = Guard {
        allow_private_addresses: false,
    };

    async fn get(resolver: CheckedResolver, url: &str) -> Result<reqwest::Response, String> {
        let limits = Limits::from_spec(&sms_crds::v1alpha1::FetchSpec {
            connect_timeout: Some(sms_crds::DurationString::new("300ms")),
            ..Default::default()
        })
        .unwrap();
        let client = client::build(&limits, resolver, client::Connecting::default(), None, None).unwrap();
        client.get(url).send().await.map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn a_name_with_one_private_answer_is_never_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://a.example:{}/", listener.local_addr().unwrap().port());
        let public: IpAddr = "192.88.98.1".parse().unwrap();
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        for answers in [vec![loopback], vec![public, loopback], vec![loopback, public]] {
            let error = get(scripted(STRICT, vec![answers]).0, &url).await.unwrap_err();
            assert!(error.contains("NotPublic"), "{error}");
        }
        let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "somebody connected");
        assert!(sms_proof::record(
            sms_proof::Group::HostileServers,
            "names with a private answer, alone and among public ones",
            "3 answers refused, 0 connections",
            "0 connections",
            true,
        ));
    }

    #[tokio::test]
    async fn the_address_that_was_checked_is_the_one_connected_to() {
        // A second look-up would give the listener's address; the request must not make one.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://a.example:{}/", listener.local_addr().unwrap().port());
        let lenient = Guard {
            allow_private_addresses: true,
        };
        let elsewhere: IpAddr = "127.0.0.77".parse().unwrap();
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let (resolver, count) = scripted(lenient, vec![vec![elsewhere], vec![loopback]]);
        let error = get(resolver, &url).await.unwrap_err();
        assert!(error.contains("ConnectionRefused"), "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "somebody connected");
        assert!(sms_proof::record(
            sms_proof::Group::HostileServers,
            "a name that means another address between check and connect",
            "1 look-up, 0 connections to the second address",
            "the address that was checked is connected to",
            true,
        ));
    }

    #[tokio::test]
    async fn no_answer_is_an_error() {
        let error = get(scripted(STRICT, vec![vec![]]).0, "http://a.example/")
            .await
            .unwrap_err();
        assert!(error.contains("no address"), "{error}");
    }
}
