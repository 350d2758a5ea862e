//! Pods that arrive by themselves: recorded virtual machines, generated churn.

use std::fmt;
use std::sync::Arc;

use nimbus_core::cluster::PodSpec;
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::machine::Message;
use nimbus_core::time::Time;
use nimbus_core::units::Resources;
use nimbus_core::workload::{self, Deploy, Kind, Strategy};

use crate::trace::Arrival;

/// What the pods of one service of a source ask for.
#[derive(Clone, Debug)]
pub struct ShapeOf {
    /// Slug of the service.
    pub name: Arc<str>,
    /// What each pod asks for.
    pub requests: Resources,
}

/// One source of arrivals, in order of time.
pub struct Arrivals {
    /// Slug of the app.
    pub app: Arc<str>,
    /// Tenants of the scenario that its slots stand for.
    pub tenants: Vec<usize>,
    /// Shapes of pods.
    pub shapes: Vec<ShapeOf>,
    services: Vec<Option<ServiceNo>>,
    rows: Box<dyn Iterator<Item = Arrival> + Send>,
    front: Option<Arrival>,
    /// Pods whose service is not there: they were never asked for.
    pub lost: u64,
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrivals")
            .field("app", &self.app)
            .field("front", &self.front)
            .finish_non_exhaustive()
    }
}

impl Arrivals {
    /// A source over rows in order of time.
    #[must_use]
    pub fn new(
        app: Arc<str>,
        tenants: Vec<usize>,
        shapes: Vec<ShapeOf>,
        mut rows: Box<dyn Iterator<Item = Arrival> + Send>,
    ) -> Arrivals {
        let services = vec![None; tenants.len() * shapes.len()];
        let front = rows.next();
        Arrivals {
            app,
            tenants,
            shapes,
            services,
            rows,
            front,
            lost: 0,
        }
    }

    /// When the next one comes.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.front.as_ref().map(|arrival| arrival.at)
    }

    /// The next arrival that is due, as an input.
    pub fn due(&mut self, now: Time) -> Option<Message> {
        while let Some(arrival) = self.front.take_if(|arrival| arrival.at <= now) {
            self.front = self.rows.next();
            let Arrival {
                lifetime, count, ..
            } = arrival;
            match self.services
                [self.place(arrival.tenant_index as usize, usize::from(arrival.flavor))]
            {
                Some(service) => {
                    return Some(
                        workload::Input::Run {
                            service,
                            lifetime,
                            count,
                        }
                        .into(),
                    );
                }
                None => self.lost += u64::from(count),
            }
        }
        None
    }

    /// The batch service of a tenant for a shape.
    #[must_use]
    pub fn service(&self, tenant: TenantNo, shape: usize) -> Arc<Deploy> {
        let shape = &self.shapes[shape];
        Arc::new(Deploy {
            tenant,
            app: Arc::clone(&self.app),
            service: Arc::clone(&shape.name),
            kind: Kind::Batch,
            image: Arc::from("trace"),
            spec: Arc::new(PodSpec {
                requests: shape.requests,
                ..PodSpec::default()
            }),
            replicas: None,
            strategy: Strategy::default(),
            autoscale: None,
            starts: true,
            details: Arc::from(""),
            by: Arc::from(""),
        })
    }

    /// Notes the service of a tenant for a shape.
    pub fn learn(&mut self, slot: usize, shape: usize, service: ServiceNo) {
        let place = self.place(slot, shape);
        self.services[place] = Some(service);
    }

    fn place(&self, slot: usize, shape: usize) -> usize {
        slot * self.shapes.len() + shape
    }
}
