//! What the methods send.

use rounds_environments::coordination::{CommGraph, Ground};

use super::coordinator::Traffic;
use super::method::Method;
use super::options::Flooding;

impl Method {
    /// What the agents of an episode of `horizon` rounds send in one round.
    ///
    /// * MA-SPL, MA-OSMA, MA-OSEA: all policies over every edge, both ways.
    /// * MA-MPL: flooding. At each hop an agent sends to its neighbours what it heard first at the
    ///   hop before. With late feedback the hops of several rounds share one message.
    /// * Sequential methods: agent `i` tells the next what all before it did.
    ///
    /// # Source
    /// MA-OC card, section 11.
    pub fn traffic(&self, ground: &Ground, graph: &CommGraph, horizon: u32) -> Traffic {
        let n = ground.agents();
        let directions = 2 * graph.edges() as u64;
        match self {
            Self::MaSpl(_) | Self::MaOsma(_) | Self::MaOsea(_) => Traffic {
                messages: directions,
                floats: directions * ground.len() as u64,
            },
            Self::MaMpl(options) => {
                let diameter = graph.diameter();
                // Whoever hears of a source before the last hop passes it on to all neighbours.
                let passed_on: u64 = (0..n)
                    .map(|v| {
                        let heard =
                            (0..n).filter(|&s| graph.hops(s, v).is_some_and(|h| h < diameter));
                        (heard.count() * graph.degree(v)) as u64
                    })
                    .sum();
                Traffic {
                    messages: match options.flooding {
                        Flooding::WithinRound => directions * u64::from(diameter),
                        Flooding::Delayed => directions,
                    },
                    floats: passed_on * options.levels(horizon) as u64,
                }
            }
            Self::Osg(_)
            | Self::BanditOsg(_)
            | Self::StaleGreedy
            | Self::Greedy
            | Self::Optimum => {
                let n = n as u64;
                Traffic {
                    messages: n - 1,
                    floats: n * (n - 1) / 2,
                }
            }
            Self::Random | Self::OwnBest | Self::Rota(_) => Traffic::default(),
        }
    }
}
