//! A data set at a glance.

use std::fmt;

use serde::Serialize;

use super::trajectories::{End, Trajectories};

/// How far numbers spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
    /// Their deviation from the mean, that of the population.
    pub sd: f64,
}

impl Spread {
    /// Of numbers that can be run through more than once; zeros where there are none.
    fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let count = numbers.clone().count().max(1) as f64;
        let mean = numbers.clone().sum::<f64>() / count;
        let squares = numbers.clone().map(|number| (number - mean).powi(2));
        let sd = (squares.sum::<f64>() / count).sqrt();
        let ends = numbers.fold(None, |ends: Option<(f64, f64)>, number| {
            let (min, max) = ends.unwrap_or((number, number));
            Some((min.min(number), max.max(number)))
        });
        let (min, max) = ends.unwrap_or_default();
        Self { min, mean, max, sd }
    }
}

/// How many numbers lie in each of a row of bins of equal width.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub from: f64,
    /// Width of a bin; the last one holds its upper end too.
    pub width: f64,
    /// Numbers in each bin.
    pub counts: Vec<usize>,
}

impl Histogram {
    /// In `bins` bins from the least number to the greatest; one bin where all are equal, none where there
    /// are no numbers.
    pub fn of(numbers: &[f64], bins: usize) -> Self {
        let Spread { min, max, .. } = Spread::of(numbers.iter().copied());
        let bins = match (numbers.is_empty(), min < max) {
            (true, _) => 0,
            (_, true) => bins.max(1),
            (_, false) => 1,
        };
        let width = (max - min) / bins.max(1) as f64;
        let mut counts = vec![0; bins];
        for number in numbers {
            // A number divided by no width is none, and a cast brings that to 0.
            let bin = ((number - min) / width) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        Self {
            from: min,
            width,
            counts,
        }
    }
}

/// What a data set holds, for people and for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetCard {
    /// Kind of the environment.
    pub environment: String,
    /// Who played.
    pub collector: String,
    /// Number of episodes.
    pub episodes: usize,
    /// Number of steps.
    pub steps: usize,
    /// Episodes that ended by the rules of their environment.
    pub terminals: usize,
    /// Episodes that were cut.
    pub timeouts: usize,
    /// Steps of an episode.
    pub lengths: Spread,
    /// Returns of the episodes.
    pub returns: Spread,
    /// Normalised scores of the episodes, where the references are known.
    pub scores: Option<Spread>,
    /// Returns in bins.
    pub histogram: Histogram,
    /// Each dimension of the actions.
    pub actions: Vec<Spread>,
    /// Each dimension of the observations.
    pub observations: Vec<Spread>,
    /// Dimensions of the observations that never change.
    pub constant: Vec<usize>,
    /// What a user should know, in words.
    pub warnings: Vec<String>,
}

/// Bins of the histogram of returns.
const BINS: usize = 20;
/// Length of the longest bar, in characters.
const BAR: usize = 40;

impl DatasetCard {
    /// The card of a data set.
    pub fn of(data: &Trajectories) -> Self {
        let returns = data.returns();
        let reference = data.header().reference;
        let scores = reference
            .map(|reference| Spread::of(returns.iter().map(move |total| reference.score(*total))));
        let terminals = data.iter().filter(|episode| episode.end == End::Terminal);
        let terminals = terminals.count();
        let constant = data.constant_dimensions().into_iter();
        Self {
            environment: data.header().environment.clone(),
            collector: data.header().collector.clone(),
            episodes: data.episodes(),
            steps: data.steps(),
            terminals,
            timeouts: data.episodes() - terminals,
            lengths: Spread::of((0..data.episodes()).map(|n| data.episode(n).steps() as f64)),
            returns: Spread::of(returns.iter().copied()),
            scores,
            histogram: Histogram::of(&returns, BINS),
            actions: dimensions(data.actions(), data.action_size()),
            observations: dimensions(data.observations(), data.observation_size()),
            constant: constant.map(|(dimension, _)| dimension).collect(),
            warnings: data.warnings().iter().map(ToString::to_string).collect(),
        }
    }
}

fn dimensions(numbers: &[f64], size: usize) -> Vec<Spread> {
    (0..size)
        .map(|dimension| Spread::of(numbers.iter().skip(dimension).step_by(size).copied()))
        .collect()
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, mean, max, sd } = self;
        write!(f, "{min:.4} to {max:.4}, mean {mean:.4}, sd {sd:.4}")
    }
}

/// As text with Markdown headings.
impl fmt::Display for DatasetCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}, played by {}\n", self.environment, self.collector)?;
        writeln!(
            f,
            "{} episodes, {} steps; {} ended by themselves, {} were cut.\n",
            self.episodes, self.steps, self.terminals, self.timeouts
        )?;
        writeln!(f, "- length: {}", self.lengths)?;
        writeln!(f, "- return: {}", self.returns)?;
        if let Some(scores) = self.scores {
            writeln!(f, "- normalised score: {scores}")?;
        }
        writeln!(f, "\n## Returns\n")?;
        let most = self.histogram.counts.iter().copied().max().unwrap_or(1);
        for (bin, count) in self.histogram.counts.iter().enumerate() {
            let from = self.histogram.from + self.histogram.width * bin as f64;
            let bar = "#".repeat((count * BAR).div_ceil(most.max(1)));
            writeln!(f, "    {from:>12.3} {count:>8} {bar}")?;
        }
        for (title, spreads) in [
            ("Actions", &self.actions),
            ("Observations", &self.observations),
        ] {
            writeln!(f, "\n## {title}\n")?;
            for (dimension, spread) in spreads.iter().enumerate() {
                writeln!(f, "- {dimension}: {spread}")?;
            }
        }
        if !self.warnings.is_empty() {
            writeln!(f, "\n## Warnings\n")?;
        }
        for warning in &self.warnings {
            writeln!(f, "- {warning}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::data::{Episode, Header, Reference};

    #[test]
    fn every_number_is_in_one_bin() {
        let numbers = [0.0, 0.9, 1.0, 5.0, 10.0];
        let histogram = Histogram::of(&numbers, 10);
        assert_eq!(histogram.counts, [2, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
        assert_eq!((histogram.from, histogram.width), (0.0, 1.0));
        assert_eq!(Histogram::of(&[3.0, 3.0], 10).counts, [2]);
        assert!(Histogram::of(&[], 10).counts.is_empty());
    }

    #[test]
    fn a_card_counts_and_tells() {
        let header = Header {
            environment: "here".to_owned(),
            collector: "nobody".to_owned(),
            reference: Some(Reference { min: 0.0, max: 4.0 }),
            ..Header::default()
        };
        let mut data = Trajectories::new(header, 2, 1).unwrap();
        for (rewards, end) in [
            (vec![1.0, 1.0, 2.0], End::Terminal),
            (vec![0.0], End::Timeout),
        ] {
            let seen: Vec<f64> = (0..rewards.len()).flat_map(|t| [t as f64, 7.0]).collect();
            let actions = vec![-2.0; rewards.len()];
            data.push(Episode {
                observations: &seen,
                actions: &actions,
                rewards: &rewards,
                end,
                last: None,
            })
            .unwrap();
        }
        let card = DatasetCard::of(&data);
        assert_eq!((card.episodes, card.steps), (2, 4));
        assert_eq!((card.terminals, card.timeouts), (1, 1));
        assert_eq!(card.constant, [1]);
        let returns = Spread {
            min: 0.0,
            mean: 2.0,
            max: 4.0,
            sd: 2.0,
        };
        assert_eq!(card.returns, returns);
        assert_eq!(card.scores.unwrap().max, 100.0);
        assert_eq!(card.observations[0].mean, 0.75);
        assert_eq!(card.histogram.counts.iter().sum::<usize>(), 2);
        assert_eq!(card.warnings.len(), 2);
        let text = card.to_string();
        for part in [
            "# here, played by nobody",
            "2 episodes, 4 steps",
            "## Warnings",
            "always 7",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(serde_json::to_value(&card).unwrap()["histogram"]["counts"].is_array());
    }
}
