//! Multi-agent simulation framework: scenario files, runner, statistics, reports and the command line.

pub mod schema;
