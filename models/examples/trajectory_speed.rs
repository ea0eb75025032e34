//! Speed of the trajectory models: actions of many entities in one call against as many calls, how near the arithmetic comes to
//! a plain product of packed matrices, and steps of training a second.
//!
//! `cargo run --release -p rounds-models --example trajectory_speed -- [threads] [entities] [architecture]`
#![expect(clippy::print_stdout, reason = "an example prints its table")]

use std::sync::Arc;
use std::time::Instant;

use rounds_environments::streams::RunSeed;
use rounds_models::trajectory::{
    Architecture, Inputs, Parameters, PassOptions, Predictor, TrajectoryConfig, TrajectoryModel,
    Workspace,
};
use rounds_models::{PackedMatrix, Threads};

/// Rows of whole histories.
struct Rows {
    rows: usize,
    context: usize,
    states: Vec<f32>,
    actions: Vec<f32>,
    returns: Vec<f32>,
    timesteps: Vec<u32>,
    mask: Vec<f32>,
}

fn numbers(count: usize) -> Vec<f32> {
    let each = (0..count).map(|i| ((i * 7919) % 1013) as f32 / 1013.0 - 0.5);
    each.collect()
}

impl Rows {
    fn new(config: &TrajectoryConfig, rows: usize) -> Self {
        let context = config.context;
        let steps = rows * context;
        Self {
            rows,
            context,
            states: numbers(steps * config.observation),
            actions: numbers(steps * config.action),
            returns: numbers(steps),
            timesteps: (0..steps).map(|at| (at % context) as u32).collect(),
            mask: vec![1.0; steps],
        }
    }

    fn all(&self) -> Inputs<'_> {
        self.some(0, self.rows)
    }

    fn some(&self, first: usize, rows: usize) -> Inputs<'_> {
        let part = |length: usize| {
            let width = length / self.rows;
            first * width..(first + rows) * width
        };
        Inputs {
            rows,
            context: self.context,
            states: &self.states[part(self.states.len())],
            actions: &self.actions[part(self.actions.len())],
            returns_to_go: &self.returns[part(self.returns.len())],
            timesteps: &self.timesteps[part(self.timesteps.len())],
            mask: &self.mask[part(self.mask.len())],
        }
    }
}

/// The shortest of several runs, in seconds.
fn best_of(runs: usize, mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        let mut times = 0;
        while times == 0 || start.elapsed().as_secs_f64() < 0.15 {
            f();
            times += 1;
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(times));
    }
    best
}

/// Multiply-adds of all tokens of one history by the card: `12 · 3K · H² + 2 · (3K)² · H` a layer for the Decision
/// Transformer.
fn whole(config: &TrajectoryConfig) -> f64 {
    let (n, h) = (3.0 * config.context as f64, config.hidden as f64);
    config.layers as f64 * (12.0 * n * h * h + 2.0 * n * n * h)
}

/// Multiply-adds that the last prediction needs: in the last layer keys and values alone of all tokens.
fn needed(config: &TrajectoryConfig) -> f64 {
    let (n, h) = (3.0 * config.context as f64 - 1.0, config.hidden as f64);
    let before = (config.layers - 1) as f64 * (12.0 * n * h * h + n * (n + 1.0) * h);
    before + 2.0 * n * h * h + 10.0 * h * h + 2.0 * n * h
}

fn configs(architecture: Architecture) -> [(&'static str, TrajectoryConfig); 2] {
    let base = TrajectoryConfig {
        architecture,
        ..TrajectoryConfig::default()
    };
    let small = TrajectoryConfig {
        hidden: 32,
        layers: 2,
        context: 5,
        ..base.clone()
    };
    [
        ("K 20, H 128, 3 layers", base),
        ("K 5, H 32, 2 layers", small),
    ]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads = Threads::new(arguments.next().map_or(Ok(0), |arg| arg.parse())?);
    let entities = arguments.next().map_or(Ok(256), |arg| arg.parse())?;
    let architecture = match arguments.next().as_deref() {
        Some("gdt") => Architecture::Gdt,
        Some("gdt-plus") => Architecture::GdtPlus,
        Some("dc") => Architecture::Dc,
        Some("bc") => Architecture::Bc,
        _ => Architecture::Dt,
    };
    println!(
        "{architecture:?}, {} threads, {entities} entities",
        threads.count()
    );
    for (name, config) in configs(architecture) {
        acting(name, &config, entities, &threads)?;
        training(&config, &threads)?;
    }
    Ok(())
}

fn acting(
    name: &str,
    config: &TrajectoryConfig,
    entities: usize,
    threads: &Threads,
) -> Result<(), Box<dyn std::error::Error>> {
    let parameters = Arc::new(Parameters::random(config, RunSeed(1))?);
    let predictor = Predictor::new(config.clone(), parameters)?;
    let rows = Rows::new(config, entities);
    let mut out = vec![0.0; entities * config.action];
    let mut failed = false;
    let together = best_of(4, || {
        failed |= predictor
            .predict_into(rows.all(), threads, &mut out)
            .is_err();
    });
    let single = best_of(4, || {
        let each = out.chunks_mut(config.action).enumerate();
        for (entity, out) in each {
            failed |= predictor
                .predict_into(rows.some(entity, 1), threads, out)
                .is_err();
        }
    });
    if failed {
        return Err("the inputs do not fit the model".into());
    }
    println!(
        "{name}: one call {:.3} ms, {entities} calls {:.3} ms, ratio {:.2}",
        together * 1e3,
        single * 1e3,
        single / together
    );
    // A plain product of tokens and a matrix of H x 4H of the model, all of it in the cache, on as many threads.
    let h = config.hidden;
    let matrix = PackedMatrix::pack(&[&numbers(4 * h * h)], h);
    let tokens = 128;
    let (x, mut y) = (numbers(tokens * h), vec![0.0; tokens * 4 * h]);
    let one = Threads::new(1);
    let plain = best_of(4, || matrix.product(&x, &mut y, &one));
    let one_thread = 2.0 * (tokens * 4 * h * h) as f64 / plain / 1e9;
    let plain = one_thread * threads.count() as f64;
    let rate = |count: f64, time: f64| 2.0 * count * entities as f64 / time / 1e9;
    let (own, alone) = (rate(needed(config), together), rate(needed(config), single));
    println!(
        "    {own:.1} GFLOP/s of what is needed, {:.1} counted as all tokens of all layers; a plain product {plain:.1}: {:.0} %",
        rate(whole(config), together),
        100.0 * own / plain,
    );
    println!(
        "    single calls {alone:.1} GFLOP/s, {:.0} % of a plain product on their one thread: at the rate of the plain product \
         one call would take 1/{:.1} of their time",
        100.0 * alone / one_thread,
        plain / alone,
    );
    Ok(())
}

fn training(
    config: &TrajectoryConfig,
    threads: &Threads,
) -> Result<(), Box<dyn std::error::Error>> {
    let model = TrajectoryModel::new(config.clone())?;
    let mut parameters = Parameters::random(config, RunSeed(1))?;
    let rows = Rows::new(config, 64);
    let mut workspace = Workspace::new(threads.clone());
    let mut gradients = parameters.zeros();
    let mut moments = (parameters.zeros(), parameters.zeros());
    let mut parts = [0.0; 3];
    let mut steps = 0;
    let start = Instant::now();
    while steps < 8 || start.elapsed().as_secs_f64() < 3.0 {
        let begin = Instant::now();
        for gradient in &mut gradients {
            gradient.fill(0.0);
        }
        let options = PassOptions {
            dropout: Some(steps),
            unit_factors: None,
        };
        let mut pass = model.forward(&mut workspace, &parameters, rows.all(), options)?;
        parts[0] += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let count = pass.losses().len();
        pass.backward(&vec![1.0 / count as f32; count], &mut gradients)?;
        parts[1] += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        step(&mut parameters, &gradients, &mut moments, steps as i32 + 1);
        parts[2] += begin.elapsed().as_secs_f64();
        steps += 1;
    }
    let [forward, backward, optimizer] = parts.map(|part| part / steps as f64 * 1e3);
    let all = forward + backward + optimizer;
    let rate = 3.0 * 2.0 * whole(config) * 64.0 / (forward + backward) / 1e6;
    println!(
        "    training, batch 64: {:.1} steps/s ({forward:.2} ms forward, {backward:.2} back, {optimizer:.2} AdamW), {rate:.1} GFLOP/s counted as all tokens",
        1e3 / all,
    );
    Ok(())
}

/// AdamW with the norm of the gradient cut to 0.25.
fn step(
    parameters: &mut Parameters,
    gradients: &[Vec<f32>],
    (means, squares): &mut (Vec<Vec<f32>>, Vec<Vec<f32>>),
    step: i32,
) {
    let norm = gradients
        .iter()
        .map(|g| g.iter().map(|g| g * g).sum::<f32>())
        .sum::<f32>()
        .sqrt();
    let factor = (0.25 / (norm + 1e-6)).min(1.0);
    let (rate, decay) = (1e-4, 1e-4);
    let (c1, c2) = (1.0 - 0.9f32.powi(step), 1.0 - 0.999f32.powi(step));
    let moments = means.iter_mut().zip(squares);
    for ((values, gradient), (mean, square)) in parameters.values_mut().zip(gradients).zip(moments)
    {
        let moments = mean.iter_mut().zip(square);
        for ((value, gradient), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
            let gradient = gradient * factor;
            *mean += 0.1 * (gradient - *mean);
            *square += 0.001 * (gradient * gradient - *square);
            *value -= rate * (decay * *value + *mean / c1 / ((*square / c2).sqrt() + 1e-8));
        }
    }
}
