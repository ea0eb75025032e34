//! Trajectory models, through their public API.
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read and how near they came"
)]

#[cfg(test)]
mod cases;
#[cfg(test)]
mod files;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_training;
#[cfg(test)]
mod gradients;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod invariance;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod small;
#[cfg(test)]
mod training;
