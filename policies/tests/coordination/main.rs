//! Multi-agent online coordination: golden vectors, what is proved of the mathematics, and how the
//! methods behave.

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod estimates;
#[cfg(test)]
mod extensions;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
