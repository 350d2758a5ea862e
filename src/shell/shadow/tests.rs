//! Candidates beside a simulated service.

use nimbus_core::time::Time;
