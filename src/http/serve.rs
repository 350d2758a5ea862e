//! The listener: so many connections, headers in time and of a size, an end that lets requests end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use super::app::App;
use super::edge::Peer;
use super::limits::Limits;
use crate::{metrics, runtime};

/// How long open requests may go on after the end was asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// After a failed accept (no file descriptors) the listener rests for so long.
const REST: Duration = Duration::from_millis(50);

/// HTTP/2 streams of one connection at once.
const H2_STREAMS_MAX: u32 = 250;

/// Serves a router until `stop` is done, then lets open requests end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    metrics: &metrics::Http,
    stop: impl Future<Output = ()> + Send,
) {
    let builder = builder(limits);
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (place, stream, peer) = tokio::select! {
            biased;
            () = &mut stop => break,
            taken = accept(&listener, &places) => taken,
        };
        let service = router.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            service.clone().oneshot(request.map(axum::body::Body::new))
        });
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = open.watch(connection);
        let gauge = metrics.connections.clone();
        gauge.inc();
        runtime::spawn(async move {
            // what a client does wrong on the wire ends its connection and nothing else
            drop(connection.await);
            gauge.dec();
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, open.shutdown()).await.is_err() {
        tracing::warn!("open requests were cut off at the end");
    }
}

/// The next connection, once there is place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream, SocketAddr) {
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true); // only a matter of speed
                return (place, stream, peer);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let bytes = limits.header_bytes;
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds))
        .max_buf_size(bytes.max(8192))
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(H2_STREAMS_MAX)
        .keep_alive_interval(Duration::from_secs(limits.header_seconds))
        .keep_alive_timeout(Duration::from_secs(limits.header_seconds));
    builder
}

/// Serves the public API: see [`serve`].
pub async fn api(listener: TcpListener, app: App, stop: impl Future<Output = ()> + Send) {
    let router = super::router::router(app.clone());
    serve(listener, router, app.limits(), app.metrics(), stop).await;
}
