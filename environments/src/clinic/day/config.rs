//! Settings of a clinic day.

use serde::{Deserialize, Serialize};

/// Levels of acuity: 1 is the most urgent.
pub const ACUITIES: u8 = 5;

/// When a bed is free again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[derive(Default)]
pub enum Service {
    /// When the visit is diagnosed and dismissed.
    #[default]
    UntilDiagnosed,
    /// After an exponential time, whatever the staff does: the beds are then the servers of an
    /// M/M/c queue.
    Exponential {
        /// Mean of the time, in minutes.
        mean_minutes: f64,
    },
}

/// Who gets the next free bed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// The most urgent; who came first among equals.
    #[default]
    Triage,
    /// Who came first.
    FirstCome,
}

/// How far the staff goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Staffing {
    /// Each specialist stands at one bed at a time.
    #[default]
    Shared,
    /// Every bed has all specialists at all times, whoever is sent where.
    Unlimited,
}

/// A setting of a day that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{key}: expected {expected}, got {got}")]
pub struct DayError {
    /// The setting.
    pub key: &'static str,
    /// What is allowed.
    pub expected: &'static str,
    /// The value.
    pub got: String,
}

/// Settings of a clinic day.
///
/// # Units
/// Minutes, but for `arrivals_per_hour`.
///
/// # Source
/// The sizes (14 beds, 8 specialists, one scanner, a day of 1440 minutes) are those of the product;
/// all rates and times are inferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DayConfig {
    /// Beds.
    pub beds: u32,
    /// Specialists.
    pub staff: u32,
    /// Probability that a specialist covers a condition that is not of its own specialities: 0 for
    /// scopes without overlap, 1 where everybody covers everything.
    pub overlap: f64,
    /// Whether the staff is shared between beds.
    pub staffing: Staffing,
    /// Rate of the Poisson arrivals.
    pub arrivals_per_hour: f64,
    /// Length of the day.
    pub day_minutes: f64,
    /// Time between two assignments of the staff.
    pub tick_minutes: f64,
    /// The first part of the day, of which statistics take no account.
    pub warm_up_minutes: f64,
    /// When a bed is free again.
    pub service: Service,
    /// Who gets the next free bed.
    pub queue: Queue,
    /// Probability that triage puts a patient one level of acuity beside the severity of the
    /// condition, up or down alike.
    pub triage_error: f64,
    /// Mean of the exponential time after which a waiting patient leaves unseen; nobody leaves
    /// without it.
    pub patience_minutes: Option<f64>,
    /// Time in bed after which the visit is diagnosed by force.
    pub most_minutes_in_bed: f64,
    /// Time in bed after the diagnosis.
    pub dismissal_minutes: f64,
    /// Time that a specialist needs for a question or an order; an examination takes its own time
    /// where that is longer.
    pub question_minutes: f64,
    /// Turnaround of every laboratory test; without it each test has its own of the knowledge base.
    pub laboratory_minutes: Option<f64>,
    /// Scanners.
    pub scanners: u32,
    /// Time of one scan.
    pub scan_minutes: f64,
    /// Words by which the question of a test tells that it needs the scanner; without them those
    /// that come with Rounds (`imaging.toml`).
    pub imaging: Option<Vec<String>>,
    /// Minutes to which the mean time to the correct diagnosis is restricted.
    pub restricted_to_minutes: f64,
}

impl Default for DayConfig {
    fn default() -> Self {
        Self {
            beds: 14,
            staff: 8,
            overlap: 0.2,
            staffing: Staffing::Shared,
            arrivals_per_hour: 5.0,
            day_minutes: 1440.0,
            tick_minutes: 10.0,
            warm_up_minutes: 120.0,
            service: Service::UntilDiagnosed,
            queue: Queue::Triage,
            triage_error: 0.3,
            patience_minutes: Some(180.0),
            most_minutes_in_bed: 360.0,
            dismissal_minutes: 15.0,
            question_minutes: 4.0,
            laboratory_minutes: None,
            scanners: 1,
            scan_minutes: 15.0,
            imaging: None,
            restricted_to_minutes: 360.0,
        }
    }
}

/// Most of what is counted: enough for any clinic, and no memory runs out.
const MOST: u32 = 4096;
/// Most arrivals that are expected in a day.
const MOST_ARRIVALS: f64 = 1e6;
/// Most ticks of a day.
const MOST_TICKS: f64 = 1e6;

impl DayConfig {
    /// Ticks of the day; the last may be shorter.
    pub fn ticks(&self) -> u32 {
        (self.day_minutes / self.tick_minutes).ceil() as u32
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`DayError`] naming the first setting that cannot be.
    pub fn validate(&self) -> Result<(), DayError> {
        let count = |key, got: u32, least: u32, expected| {
            check(key, (least..=MOST).contains(&got), expected, got)
        };
        count("beds", self.beds, 1, "at least one bed, at most 4096")?;
        count(
            "staff",
            self.staff,
            1,
            "at least one specialist, at most 4096",
        )?;
        count("scanners", self.scanners, 0, "0 to 4096")?;
        let share = |key, got: f64| check(key, (0.0..=1.0).contains(&got), "0 to 1", got);
        share("overlap", self.overlap)?;
        share("triage_error", self.triage_error)?;
        let above = |key, got: f64| {
            let holds = got.is_finite() && got > 0.0;
            check(key, holds, "a number of minutes above 0", got)
        };
        above("day_minutes", self.day_minutes)?;
        above("tick_minutes", self.tick_minutes)?;
        above("most_minutes_in_bed", self.most_minutes_in_bed)?;
        above("question_minutes", self.question_minutes)?;
        above("scan_minutes", self.scan_minutes)?;
        if let Some(patience) = self.patience_minutes {
            above("patience_minutes", patience)?;
        }
        if let Service::Exponential { mean_minutes } = self.service {
            above("service.mean_minutes", mean_minutes)?;
        }
        let rest = |key, got: f64| {
            let holds = got.is_finite() && got >= 0.0;
            check(key, holds, "a number of minutes, 0 or more", got)
        };
        rest("dismissal_minutes", self.dismissal_minutes)?;
        rest("laboratory_minutes", self.laboratory_minutes.unwrap_or(0.0))?;
        let ticks = self.day_minutes / self.tick_minutes;
        let expected = "so that a day has at most a million ticks";
        check(
            "tick_minutes",
            ticks <= MOST_TICKS,
            expected,
            self.tick_minutes,
        )?;
        let rate = self.arrivals_per_hour;
        check(
            "arrivals_per_hour",
            rate.is_finite() && rate > 0.0 && rate * self.day_minutes / 60.0 <= MOST_ARRIVALS,
            "above 0, and at most a million arrivals in the day",
            rate,
        )?;
        check(
            "warm_up_minutes",
            (0.0..self.day_minutes).contains(&self.warm_up_minutes),
            "0 or more and less than day_minutes",
            self.warm_up_minutes,
        )?;
        let longest = self.day_minutes - self.warm_up_minutes;
        check(
            "restricted_to_minutes",
            self.restricted_to_minutes > 0.0 && self.restricted_to_minutes <= longest,
            "above 0 and at most day_minutes less warm_up_minutes",
            self.restricted_to_minutes,
        )
    }
}

fn check(
    key: &'static str,
    holds: bool,
    expected: &'static str,
    got: impl ToString,
) -> Result<(), DayError> {
    if holds {
        Ok(())
    } else {
        let got = got.to_string();
        Err(DayError { key, expected, got })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_beds_or_staff_is_refused_in_words() {
        assert!(DayConfig::default().validate().is_ok());
        let no_beds = DayConfig {
            beds: 0,
            ..DayConfig::default()
        };
        let error = no_beds.validate().unwrap_err().to_string();
        assert_eq!(
            error,
            "beds: expected at least one bed, at most 4096, got 0"
        );
        let nobody = DayConfig {
            staff: 0,
            ..DayConfig::default()
        };
        let error = nobody.validate().unwrap_err().to_string();
        assert!(error.starts_with("staff: expected at least one specialist"));
    }

    #[test]
    fn every_number_is_checked() {
        type Change = fn(&mut DayConfig);
        let changes: [(&str, Change); 16] = [
            ("overlap", |c| c.overlap = 1.1),
            ("triage_error", |c| c.triage_error = f64::NAN),
            ("day_minutes", |c| c.day_minutes = f64::INFINITY),
            ("tick_minutes", |c| c.tick_minutes = 0.0),
            ("tick_minutes", |c| c.tick_minutes = 1e-9),
            ("most_minutes_in_bed", |c| c.most_minutes_in_bed = -1.0),
            ("question_minutes", |c| c.question_minutes = 0.0),
            ("scan_minutes", |c| c.scan_minutes = f64::NAN),
            ("patience_minutes", |c| c.patience_minutes = Some(0.0)),
            ("service.mean_minutes", |c| {
                c.service = Service::Exponential { mean_minutes: -2.0 };
            }),
            ("dismissal_minutes", |c| c.dismissal_minutes = -1.0),
            ("laboratory_minutes", |c| c.laboratory_minutes = Some(-1.0)),
            ("arrivals_per_hour", |c| c.arrivals_per_hour = 0.0),
            ("arrivals_per_hour", |c| c.arrivals_per_hour = 1e9),
            ("warm_up_minutes", |c| c.warm_up_minutes = 1440.0),
            ("restricted_to_minutes", |c| {
                c.restricted_to_minutes = 1430.0;
            }),
        ];
        for (key, change) in changes {
            let mut config = DayConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().key, key);
        }
    }
}
