//! The cluster that the flags name: clients, and how sources are read. IO.

use kube::{
    Api, Client, Config,
    api::{ApiResource, DynamicObject, ListParams},
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
    core::NamespaceResourceScope,
};
use sms_crds::ScrapeSource;

use super::{
    Result,
    args::ClusterArgs,
    found::Found,
    problem::{self, Act, Scope},
};
use crate::{commands::CommandError, startup::client};

/// Objects in one answer to a list.
const PAGE: u32 = 500;

/// A cluster.
#[derive(Clone)]
pub struct Cluster {
    /// For calls: each is limited in time.
    pub client: Client,
    /// For logs, which last as long as a run.
    pub streams: Client,
    /// The namespace that was asked for, or that of the context.
    pub namespace: String,
}

impl Cluster {
    /// Makes the clients; asks nothing yet.
    ///
    /// # Errors
    /// There is no such kubeconfig, context or user.
    pub async fn connect(args: &ClusterArgs) -> Result<Self> {
        let mut config = config(args).await?;
        if let Some(namespace) = &args.namespace {
            config.default_namespace.clone_from(namespace);
        }
        config.default_retry = false;
        let namespace = config.default_namespace.clone();
        let streams = Client::try_from(config.clone())
            .map_err(|error| CommandError::configuration(client::in_words(&error)))?;
        let client = client::from_config(config, || ()).map_err(CommandError::configuration)?;
        Ok(Self {
            client,
            streams,
            namespace,
        })
    }

    /// The namespace, or all.
    pub fn scope(&self, all_namespaces: bool) -> Scope {
        match all_namespaces {
            true => Scope::All,
            false => Scope::Namespace(self.namespace.clone()),
        }
    }

    /// The objects of one kind in `scope`.
    pub fn api<K>(&self, scope: &Scope) -> Api<K>
    where
        K: kube::Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        match scope {
            Scope::Namespace(namespace) => Api::namespaced(self.client.clone(), namespace),
            Scope::All => Api::all(self.client.clone()),
        }
    }

    /// Sources as they are.
    pub fn objects(&self, scope: &Scope) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<ScrapeSource>(&());
        match scope {
            Scope::Namespace(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            Scope::All => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// Every source in `scope`, by namespace and name.
    ///
    /// # Errors
    /// No CRD, no rights, no answer.
    pub async fn sources(&self, scope: &Scope) -> Result<Vec<Found>> {
        let api = self.objects(scope);
        let mut found = Vec::new();
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let list = api
                .list(&page)
                .await
                .map_err(|error| problem::explain(&error, &Act::on("list", "scrapesources", scope)))?;
            found.extend(list.items.into_iter().map(Found::of));
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page.continue_token = Some(token),
                None => break,
            }
        }
        found.sort_by_key(Found::key);
        Ok(found)
    }

    /// One source of the namespace.
    ///
    /// # Errors
    /// As [`Self::sources`]; for a name that is not there, with what may have been meant.
    pub async fn source(&self, name: &str) -> Result<Found> {
        let here = self.scope(false);
        match self.objects(&here).get_opt(name).await {
            Ok(Some(object)) => Ok(Found::of(object)),
            Ok(None) => {
                // Without the CRD every name is unknown too, which the list tells.
                let known = self.sources(&here).await?;
                Err(self.unknown(name, &known).await)
            }
            Err(error) => Err(problem::explain(
                &error,
                &Act::on("get", "scrapesources", &here).named(name),
            )),
        }
    }

    /// Why there is no `name` among `known`, the sources of the namespace.
    pub async fn unknown(&self, name: &str, known: &[Found]) -> CommandError {
        let here: Vec<_> = known.iter().map(|found| found.key().name).collect();
        // Whoever may not look there gets no hint.
        let everywhere = self.sources(&Scope::All).await.unwrap_or_default();
        let elsewhere: Vec<_> = everywhere
            .iter()
            .map(Found::key)
            .filter(|key| key.name == name && key.namespace != self.namespace)
            .map(|key| key.namespace)
            .collect();
        CommandError::configuration(problem::no_such_source(name, &self.namespace, &here, &elsewhere))
    }
}

async fn config(args: &ClusterArgs) -> Result<Config> {
    let unusable = |error: KubeconfigError| {
        CommandError::configuration(format!(
            "the kubeconfig cannot be used: {}: check --kubeconfig (KUBECONFIG), --context, --cluster and --user",
            client::causes(&error)
        ))
    };
    let options = KubeConfigOptions {
        context: args.context.clone(),
        cluster: args.cluster.clone(),
        user: args.user.clone(),
    };
    if let Some(path) = &args.kubeconfig {
        let kubeconfig = Kubeconfig::read_from(path).map_err(unusable)?;
        return Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(unusable);
    }
    let chooses = args.context.is_some() || args.cluster.is_some() || args.user.is_some();
    if chooses || std::env::var_os("KUBECONFIG").is_some_and(|path| !path.is_empty()) {
        return Config::from_kubeconfig(&options).await.map_err(unusable);
    }
    Config::infer().await.map_err(|error| {
        CommandError::configuration(format!(
            "no cluster to ask: {}: set KUBECONFIG, or give --kubeconfig",
            client::causes(&error)
        ))
    })
}
