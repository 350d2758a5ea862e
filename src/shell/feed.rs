//! Events and groups as they are committed: everybody who listens gets each, in order.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::group::Group;
use super::shadow::Shadows;
use crate::store::EventRow;

/// Events that a listener may be behind before it has lagged.
pub const BEHIND_MAX: usize = 4_096;

/// Where committed events are sent. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    events: broadcast::Sender<Arc<EventRow>>,
    groups: broadcast::Sender<Arc<Group>>,
    shadows: Arc<Shadows>,
}

impl Default for Feed {
    fn default() -> Feed {
        Feed {
            events: broadcast::Sender::new(BEHIND_MAX),
            groups: broadcast::Sender::new(BEHIND_MAX),
            shadows: Arc::default(),
        }
    }
}

impl Feed {
    /// Listens from now on. A listener that is more than [`BEHIND_MAX`] behind is told that it lagged, and
    /// reads what it missed from the store.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<EventRow>> {
        self.events.subscribe()
    }

    /// Listens to groups from now on, for those who decide along without acting. Of a listener that is more
    /// than [`BEHIND_MAX`] behind the oldest are dropped.
    #[must_use]
    pub fn groups(&self) -> broadcast::Receiver<Arc<Group>> {
        self.groups.subscribe()
    }

    /// Policies that decide along without acting.
    #[must_use]
    pub fn shadows(&self) -> &Arc<Shadows> {
        &self.shadows
    }

    /// Sends what a committed group brought; the events have their places.
    pub(crate) fn send(&self, group: Group, events: Vec<EventRow>) {
        // nobody listens: that is no failure
        for event in events {
            let _ = self.events.send(Arc::new(event));
        }
        if self.groups.receiver_count() > 0 {
            let _ = self.groups.send(Arc::new(group));
        }
    }
}
