//! The fast driver: a plain loop over conductor, machines and world.
