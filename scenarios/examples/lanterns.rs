//! A set function of one's own, and agents that learn to share it out.
//!
//! `cargo run --release --example lanterns`: five keepers each light a path, and light beyond enough is wasted.
//! Says which guarantees hold, then compares methods of coordination.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::sync::Arc;

use rounds::environments::coordination::structure::{Promise, Structure};
use rounds::environments::coordination::{
    Class, Configuration, CoordinationFactory, GraphKind, Ground, Objective, RepeatedFactory,
    keep_clone,
};
use rounds::policies::coordination::{Method, MplOptions, SplOptions};
use rounds::prelude::*;

/// Paths in a garden, some busier than others; an element (keeper, path) lights the path and, dimly,
/// the next.
#[derive(Clone)]
struct Garden {
    ground: Ground,
    walkers: Vec<f64>,
}

impl Garden {
    fn with_keepers(keepers: usize) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            ground: Ground::new(&vec![4; keepers])?,
            walkers: vec![3.0, 2.0, 2.0, 1.0],
        })
    }

    fn light(&self, element: usize) -> [(usize, f64); 2] {
        let path = element - self.ground.block(self.ground.agent_of(element)).start;
        [(path, 0.8), ((path + 1) % self.walkers.len(), 0.4)]
    }

    /// How well walkers see by that much light: more than 1 is of no use.
    fn sight(&self, path: usize, light: f64) -> f64 {
        self.walkers[path] * light.min(1.0)
    }
}

/// The summary is the light on each path.
impl Objective for Garden {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Submodular
    }

    fn summary_len(&self) -> usize {
        self.walkers.len()
    }

    fn clear(&self, light: &mut [f64]) {
        light.fill(0.0);
    }

    fn insert(&self, element: usize, light: &mut [f64]) {
        for (path, more) in self.light(element) {
            light[path] += more;
        }
    }

    fn value(&self, light: &[f64]) -> f64 {
        let paths = light.iter().enumerate();
        paths.map(|(path, light)| self.sight(path, *light)).sum()
    }

    fn marginals(&self, keeper: usize, light: &[f64], out: &mut [f64]) {
        for (out, element) in out.iter_mut().zip(self.ground.block(keeper)) {
            let lit = self.light(element).into_iter();
            *out = lit
                .map(|(path, more)| {
                    self.sight(path, light[path] + more) - self.sight(path, light[path])
                })
                .sum();
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let small = Structure::of(&Garden::with_keepers(3)?)?;
    println!(
        "with three keepers the curvature is {:.3}:",
        small.curvature
    );
    let promise = Promise::of(&small);
    for guarantee in ["osg", "ma-spl", "ma-mpl"]
        .iter()
        .filter_map(|m| promise.best(m))
    {
        let (method, ratio) = (guarantee.method, guarantee.ratio);
        println!("  {method:<7} at least {ratio:.3} of the best, up to its regret");
    }
    let ring = Configuration {
        name: String::new(),
        graph: GraphKind::Ring,
        mix: (),
    };
    let garden = Arc::new(Garden::with_keepers(5)?);
    let evenings = RepeatedFactory::new(garden, 300, vec![ring], false)?;
    let evenings: Arc<dyn CoordinationFactory> = Arc::new(evenings);
    let spl = SplOptions {
        eta0: 10.0,
        ..SplOptions::default()
    };
    let mpl = MplOptions {
        eta0: 10.0,
        levels: Some(6),
        ..MplOptions::default()
    };
    let game = Coordinated::named("lanterns");
    let arms = [
        game.arm("random", &evenings, &Method::Random)?,
        game.arm("own-best", &evenings, &Method::OwnBest)?,
        game.arm("ma-spl", &evenings, &Method::MaSpl(spl))?,
        game.arm("ma-mpl", &evenings, &Method::MaMpl(mpl))?,
        game.arm("greedy", &evenings, &Method::Greedy)?,
    ];
    let summary = run_arms("runs/lanterns", &arms, 2)?;
    println!(
        "{}",
        text_table(&summary, &["utility", "ratio", "messages"])
    );
    Ok(())
}
