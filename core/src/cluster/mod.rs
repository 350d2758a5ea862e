//! What both clusters speak: commands go in, events come out.
//!
//! The cluster is a boundary, not a machine. Behind it stands a real Kubernetes API or the simulated
//! world; nobody on this side can tell which. Commands leave when a group of inputs has come to rest and
//! is committed; they may be repeated, and the cluster treats a repeated one as done. Events come in
//! order per object; one that is repeated changes nothing.

mod command;
mod event;
mod node;
mod pod;
mod snapshot;

pub use command::{Command, Deployment, Space};
pub use event::{DeploymentStatus, Event, Finish, ServiceUsage, UsageTick};
pub use node::{Arch, NodeSpec, NodeState, Taint, TaintEffect};
pub use pod::{PodSpec, Toleration};
pub use snapshot::{NodeSeen, PodSeen, Snapshot};
