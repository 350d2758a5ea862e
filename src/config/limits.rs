//! Every limit of the edge with its default.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the edge takes at most. Each refusal has a code and is counted in
/// `nimbus_api_limited_total{limit}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request body; above it 413. 1 MiB.
    pub body_bytes: usize,
    /// Levels of nesting in a JSON body; above it 400. 32.
    pub json_depth: usize,
    /// Bytes of request line and headers; above it 431 and the connection ends. 64 KiB.
    pub header_bytes: usize,
    /// Seconds for the headers to arrive; then the connection ends. 10.
    pub header_seconds: u64,
    /// Seconds for the body to arrive; then 400 and the connection ends. 30.
    pub body_seconds: u64,
    /// Seconds for a read of the store; then 503. 10.
    pub read_seconds: u64,
    /// Requests per second of one principal (of one address without credential); above it 429.
    /// 50; 0 is no limit.
    pub rate: u32,
    /// Requests that a principal may have saved up. 100.
    pub burst: u32,
    /// Requests of one tenant that are handled at once; above it 429. 64.
    pub concurrency: usize,
    /// Event streams of one tenant at once; above it 429. 100. The platform's own are not limited by it.
    pub streams: usize,
    /// Open connections; above it new ones wait. 10,000.
    pub connections: usize,
    /// Seconds after which a stream asks again whether its caller still may read; what was taken back ends
    /// within them. 3.
    pub recheck_seconds: u64,
    /// Forks (dry runs and simulations) at once; above it 429. 2.
    pub forks: usize,
    /// Origins that browsers may call from. None.
    pub cors: Vec<String>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 1 << 20,
            json_depth: 32,
            header_bytes: 64 << 10,
            header_seconds: 10,
            body_seconds: 30,
            read_seconds: 10,
            rate: 50,
            burst: 100,
            concurrency: 64,
            streams: 100,
            connections: 10_000,
            recheck_seconds: 3,
            forks: 2,
            cors: Vec::new(),
        }
    }
}

impl Limits {
    /// How long a body may take.
    #[must_use]
    pub fn body_time(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    /// How long a read may take.
    #[must_use]
    pub fn read_time(&self) -> Duration {
        Duration::from_secs(self.read_seconds)
    }
}
