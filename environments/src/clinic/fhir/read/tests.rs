//! Bundles made up for the purpose.
