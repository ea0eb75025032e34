//! Names of things that are stable across runs: never an ECS `Entity`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an array index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Number of an episode within a run, from 0.
    EpisodeIx
}
id! {
    /// Number of a group within its episode, from 0.
    GroupIx
}
id! {
    /// Number of an agent within its episode, from 0.
    AgentId
}
id! {
    /// Number of a round within its group; 0 is what happens before the first round.
    RoundIx
}
