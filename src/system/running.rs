//! The running service.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::actors::Actors;
use super::backends::{self, BUILD, Backends};
use super::lock::DataFolder;
use super::{Stopped, seed};
use crate::auth::{Access, Proof};
use crate::cluster::sim::Scene;
use crate::config::{Config, Loaded, Origin, Speed};
use crate::http::endpoints::metrics::{Public, own};
use crate::replay::follow::Follow;
use crate::replay::fork::Forks;
use crate::replay::lab::Lab;
use crate::shell::clock::{Clock, Pace};
use crate::shell::conductor::{Fatal, Parts};
use crate::shell::feed::Feed;
use crate::shell::port::Port;
use crate::shell::standing::Pulse;
use crate::store::Store;
use crate::{http, metrics, runtime};

/// Longest wait for open requests and the last group.
const DRAIN: Duration = Duration::from_secs(8);

/// What a start says, line by line.
pub type Hello<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Everything that runs, without a listener.
pub struct Service {
    /// The way to the conductor.
    pub port: Port,
    /// The store.
    pub store: Store,
    /// Committed events.
    pub feed: Feed,
    /// How the actors are.
    pub pulse: Pulse,
    /// Who comes in.
    pub access: Access,
    /// All metrics.
    pub metrics: metrics::Registry,
    /// Machine time.
    pub clock: Clock,
    /// What the simulated cluster plays.
    pub scene: Arc<Scene>,
    /// Scenarios and runs.
    lab: Lab,
    /// Forks of the present state.
    forks: Forks,
    /// The effective configuration.
    pub loaded: Arc<Loaded>,
    actors: Actors,
    stop: CancellationToken,
    _folder: DataFolder,
}

impl Service {
    /// Starts everything but the listeners, saying each line of S0-36.
    pub(super) async fn start(loaded: Loaded, pace: Pace, say: Hello<'_>) -> Result<Self, Stopped> {
        let config = loaded.config.clone();
        let (folder, store) = backends::open(&config)?;
        match store.kind() {
            "postgres" => say("Connected to PostgreSQL"),
            _ => say(&format!("Connected to SQLite {}", store.place())),
        }
        let backends = Backends::new(&config, folder, store)?;
        let (inbox, requests) = mpsc::channel(config.server.inbox);
        let metrics = metrics::Registry::default();
        let (feed, stop) = (Feed::default(), CancellationToken::new());
        let clock = Clock::new(backends.last, pace);
        let deadline = Duration::from_secs(config.server.deadline_seconds);
        let port = Port::new(inbox, deadline, metrics.shell.clone());
        let scene = backends.scene;
        say("ComputeRequest controller starting...");
        say("Nimbus custom scheduler starting...");
        say("Billing engine starting...");
        say("Autoscaler starting...");
        let actors = Actors::start(Parts {
            ledger: Arc::new(backends.store.clone()),
            journal: backends.journal,
            cluster: Box::new(backends.cluster),
            config: scene.machines(),
            scenario: Some(scene.source().text.clone()),
            build: BUILD.to_owned(),
            clock: clock.clone(),
            origin: backends.origin,
            epoch: backends.epoch,
            inbox: requests,
            feed: feed.clone(),
            metrics: metrics.shell.clone(),
            stop: stop.clone(),
        });
        let actors = actors.await?;
        let follow = Follow {
            ledger: Arc::new(backends.store.clone()),
            config: scene.machines(),
            feed: feed.clone(),
            metrics: metrics.nouns.clone(),
            stop: stop.clone(),
        };
        runtime::spawn(follow.run());
        Ok(Service {
            port,
            lab: Lab::new(backends.store.clone()),
            forks: Forks::new(Arc::clone(&scene)),
            store: backends.store,
            feed,
            pulse: actors.pulse.clone(),
            access: backends.access,
            metrics,
            clock,
            scene,
            loaded: Arc::new(loaded),
            actors,
            stop,
            _folder: backends.folder,
        })
    }

    /// Asks for what the scenario has, and for the tenant of whoever tries the service out.
    pub(super) async fn seed(&self) -> Result<(), Stopped> {
        seed::seed(&self.port, &self.store, self.scene.seeding()).await?;
        if self.loaded.config.dev {
            seed::dev_tenant(&self.port).await?;
        }
        Ok(())
    }

    /// What the edge works with.
    pub(super) fn app(&self) -> http::App {
        let config = &self.loaded.config;
        let app = http::App::new(http::app::Parts {
            port: self.port.clone(),
            store: self.store.clone(),
            gate: Arc::new(self.access.clone()),
            limits: config.limits.clone(),
            feed: self.feed.clone(),
            health: Arc::new(self.pulse.clone()),
            metrics: self.metrics.clone(),
            public_metrics: if config.dev {
                Public::Open
            } else {
                Public::Token
            },
            settings: settings(&self.loaded),
            billing: self.scene.machines().billing,
            dev: config.dev,
            secret: runtime::random_bytes(),
        });
        app.offer_lab(self.lab.clone());
        app.offer_forks(self.forks.clone());
        app
    }

    /// Lets the last groups end. The edge must have stopped.
    pub(super) async fn stop(self) -> Result<(), Stopped> {
        self.stop.cancel();
        let mut actors = self.actors;
        let (_, never) = oneshot::channel();
        let ended = std::mem::replace(&mut actors.ended, never);
        let over = match tokio::time::timeout(DRAIN, ended).await {
            Ok(Ok(over)) => over,
            Ok(Err(_)) => Err(Fatal::Broken("the actors are gone".to_owned())),
            Err(_) => Err(Fatal::Broken("the last groups took too long".to_owned())),
        };
        if over.is_ok() {
            actors.join().await;
        }
        over.map_err(Stopped::from)
    }
}

/// The configuration with origins, as the API shows it; there are no secrets in it.
fn settings(loaded: &Loaded) -> serde_json::Value {
    let value = |(key, (value, origin)): (&String, &(String, Origin))| {
        let row = serde_json::json!({ "value": value, "origin": origin.to_string() });
        (key.clone(), row)
    };
    let rows = loaded.origins.iter().map(value);
    rows.collect::<serde_json::Map<_, _>>().into()
}

/// Machine time as it is configured.
fn pace(config: &Config) -> Pace {
    match config.speed() {
        Speed::Times(times) => Pace::Times(times),
        Speed::Max => Pace::Max,
        Speed::Paused => Pace::Hand,
    }
}

/// Binds a listener: before anything else is started, since a port in use is the commonest failure.
async fn bind(key: &str, address: std::net::SocketAddr) -> Result<TcpListener, Stopped> {
    TcpListener::bind(address).await.map_err(|error| {
        let sentence = format!("{key}: {address}: {error}").to_lowercase();
        match error.kind() {
            std::io::ErrorKind::AddrInUse => Stopped::in_use(sentence),
            _ => Stopped::configuration(sentence),
        }
    })
}

/// Serves metrics, open to whoever reaches the listener.
async fn metrics(listener: TcpListener, app: http::App, end: CancellationToken) {
    let stop = end.cancelled_owned();
    http::serve::serve(
        listener,
        own(app.clone()),
        app.limits(),
        app.metrics(),
        stop,
    )
    .await;
}

/// Runs the service until it is asked to end.
///
/// # Errors
/// Why it did not start, or ended by itself.
pub async fn serve(loaded: Loaded, say: Hello<'_>) -> Result<(), Stopped> {
    let config = loaded.config.clone();
    let api = bind("server.listen", config.server.listen).await?;
    let scraped = match config.server.listen_metrics {
        Some(address) => Some(bind("server.listen_metrics", address).await?),
        None => None,
    };
    let mut service = Service::start(loaded, pace(&config), say).await?;
    let app = service.app();
    let end = CancellationToken::new();
    let local = api.local_addr().map_err(Stopped::failed)?;
    say(&format!(
        "Nimbus API server starting on port {}...",
        local.port()
    ));
    let edge = runtime::spawn(http::serve::api(
        api,
        app.clone(),
        end.clone().cancelled_owned(),
    ));
    let scrape = scraped.map(|listener| runtime::spawn(metrics(listener, app, end.clone())));
    service.seed().await?;
    greet(&service, local, say).await?;
    let over = tokio::select! {
        biased;
        over = &mut service.actors.ended => Some(over),
        asked = runtime::asked_to_end() => {
            asked.map_err(Stopped::failed)?;
            None
        }
    };
    end.cancel();
    // the tasks end by themselves within their own limits
    let _ = edge.await;
    if let Some(scrape) = scrape {
        let _ = scrape.await; // as above
    }
    match over {
        None => service.stop().await,
        Some(Ok(over)) => over.map_err(Stopped::from),
        Some(Err(_)) => Err(Stopped::failed("the actors are gone")),
    }
}

/// What a person needs to begin: with `dev` the address, a token and three commands.
async fn greet(service: &Service, at: std::net::SocketAddr, say: Hello<'_>) -> Result<(), Stopped> {
    let config = &service.loaded.config;
    if !config.dev {
        let folder = config.keys_folder();
        let access = service.access.clone();
        let made = runtime::blocking(move || access.bootstrap(&folder)).await;
        let made = made.map_err(Stopped::failed)?.map_err(Stopped::failed)?;
        if let Some(key) = made {
            say(&format!(
                "The administrator's key, shown this once: {}",
                key.as_str()
            ));
        }
        return Ok(());
    }
    let proof = Proof {
        tenant: DEV.to_owned(),
        request: "start".into(),
        ..Proof::default()
    };
    let issued = service.access.exchange(proof).await;
    let issued = issued.map_err(|refused| Stopped::failed(format!("no token: {refused:?}")))?;
    say("");
    say(&format!(
        "Listening on http://{at}    documentation: http://{at}/docs"
    ));
    say(&format!("Token: {}", issued.token.as_str()));
    say("");
    say("Try in another terminal:");
    say(&format!(
        "  nimbus --server http://{at} service deploy shop/web --image nginx:alpine --autoscale 1..5"
    ));
    say(&format!("  nimbus --server http://{at} service list"));
    say(&format!("  nimbus --server http://{at} billing usage"));
    Ok(())
}

/// The tenant that the token is for.
const DEV: &str = crate::auth::DEV_TENANT;
