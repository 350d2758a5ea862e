//! What requests say, checked field by field and turned into what machines are told. Checks of a field's own
//! form stand here; whether the state allows it is the machine's to say.

pub mod app;
pub mod faults;
pub mod patch;
pub mod quota;
pub mod resources;
pub mod services;
pub mod slug;
pub mod tenant;
