//! What goes wrong on purpose, and when.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;

use super::draw::stream;
use super::settings::SettingsError;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Status 429 with Retry-After in seconds.
    TooManyRequests,
    /// Status 429 with Retry-After as an HTTP date.
    TooManyRequestsDate,
    /// Status 500.
    ServerError,
    /// Status 503.
    Unavailable,
    /// The connection closes without a reply.
    DropBefore,
    /// The connection closes in the middle of the body.
    DropMiddle,
    /// The body comes in pieces, over the settings' time.
    SlowBody,
    /// The content ends in its middle, with `finish_reason` `length`.
    Truncated,
    /// The content is JSON that lacks a key and has one too many.
    WrongSchema,
    /// `choices` is an empty list.
    EmptyChoices,
    /// `content` is null and `refusal` says why.
    Refusal,
    /// Sentences stand before and after the content.
    Prose,
    /// The content stands in a fenced code block.
    Fenced,
    /// Names in the content are ones that nobody knows: a speciality that does not exist.
    UnknownValue,
    /// Lists in the content have eleven members.
    Eleven,
    /// The vote says both.
    Contrary,
    /// `content` is null without a reason.
    NullContent,
}

impl Fault {
    /// All kinds, in the order in which rates add up.
    pub const ALL: [Self; 17] = [
        Self::TooManyRequests,
        Self::TooManyRequestsDate,
        Self::ServerError,
        Self::Unavailable,
        Self::DropBefore,
        Self::DropMiddle,
        Self::SlowBody,
        Self::Truncated,
        Self::WrongSchema,
        Self::EmptyChoices,
        Self::Refusal,
        Self::Prose,
        Self::Fenced,
        Self::UnknownValue,
        Self::Eleven,
        Self::Contrary,
        Self::NullContent,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooManyRequests => "429",
            Self::TooManyRequestsDate => "429-date",
            Self::ServerError => "500",
            Self::Unavailable => "503",
            Self::DropBefore => "drop-before",
            Self::DropMiddle => "drop-middle",
            Self::SlowBody => "slow-body",
            Self::Truncated => "truncated",
            Self::WrongSchema => "wrong-schema",
            Self::EmptyChoices => "empty-choices",
            Self::Refusal => "refusal",
            Self::Prose => "prose",
            Self::Fenced => "fenced",
            Self::UnknownValue => "unknown-value",
            Self::Eleven => "eleven",
            Self::Contrary => "contrary",
            Self::NullContent => "null-content",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.name() == text)
            .ok_or_else(|| SettingsError::UnknownFault {
                got: text.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}

/// When which fault happens.
///
/// # Determinism
/// A fault depends on the seed, the call and the number of the attempt alone, never on the order
/// of the calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultPlan {
    /// The faults of the first attempts of every call, in order.
    pub first: Vec<Fault>,
    /// Share of the other attempts that meets each fault, in `0..=1`; at most 1 together.
    pub rates: Vec<(Fault, f64)>,
    /// Attempts of a call that may meet a fault; `None` for all.
    pub attempts: Option<u32>,
}

impl FaultPlan {
    /// Every attempt meets `fault`.
    pub fn always(fault: Fault) -> Self {
        Self {
            rates: vec![(fault, 1.0)],
            ..Self::default()
        }
    }

    /// The first attempts of every call meet these, the others none.
    pub fn first(faults: &[Fault]) -> Self {
        Self {
            first: faults.to_vec(),
            ..Self::default()
        }
    }

    /// Checks the rates.
    ///
    /// # Errors
    /// [`SettingsError::Rate`] or [`SettingsError::Rates`].
    pub fn validate(&self) -> Result<(), SettingsError> {
        for (fault, rate) in &self.rates {
            if !(0.0..=1.0).contains(rate) {
                return Err(SettingsError::Rate {
                    fault: *fault,
                    got: *rate,
                });
            }
        }
        let got: f64 = self.rates.iter().map(|(_, rate)| rate).sum();
        // Ten rates of 0.1 add up to a little more than 1 in binary.
        if got > 1.0 + 1e-9 {
            return Err(SettingsError::Rates { got });
        }
        Ok(())
    }

    /// The fault of one attempt, counted from 0, of the call that `call` names.
    pub(super) fn choose(&self, seed: u64, call: &str, attempt: u32) -> Option<Fault> {
        if self.attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        if let Some(fault) = self.first.get(attempt as usize) {
            return Some(*fault);
        }
        let mut left: f64 = stream(seed, &["fault", call, &attempt.to_string()]).random();
        // In the order of the kinds, so that the order of the settings changes nothing.
        for kind in Fault::ALL {
            for (fault, rate) in &self.rates {
                if *fault == kind {
                    if left < *rate {
                        return Some(kind);
                    }
                    left -= rate;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_unknown_ones_list_the_known() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse::<Fault>().unwrap(), fault);
        }
        let error = "430".parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("430") && error.contains("429-date"));
    }

    #[test]
    fn rates_are_met_and_a_call_always_meets_the_same() {
        let plan = FaultPlan {
            rates: vec![(Fault::Fenced, 0.2), (Fault::ServerError, 0.1)],
            ..FaultPlan::default()
        };
        let turned = FaultPlan {
            rates: vec![(Fault::ServerError, 0.1), (Fault::Fenced, 0.2)],
            ..FaultPlan::default()
        };
        let mut met = [0; 3];
        for call in 0..2000 {
            let call = call.to_string();
            let fault = plan.choose(7, &call, 0);
            assert_eq!(fault, plan.choose(7, &call, 0));
            assert_eq!(fault, turned.choose(7, &call, 0));
            met[match fault {
                Some(Fault::Fenced) => 0,
                Some(_) => 1,
                None => 2,
            }] += 1;
        }
        // Five standard deviations of a binomial share are 90, 68 and 103 of 2000.
        assert!((310..=490).contains(&met[0]), "{met:?}");
        assert!((132..=268).contains(&met[1]), "{met:?}");
        let attempts: Vec<_> = (0..50).map(|n| plan.choose(7, "one", n)).collect();
        let other: Vec<_> = (0..50).map(|n| plan.choose(8, "one", n)).collect();
        assert!(attempts.iter().any(|fault| *fault != attempts[0]));
        assert_ne!(attempts, other);
    }

    #[test]
    fn first_faults_come_in_order_and_attempts_end_them() {
        let mut plan = FaultPlan::first(&[Fault::Unavailable, Fault::Prose]);
        plan.rates = vec![(Fault::Refusal, 1.0)];
        plan.attempts = Some(3);
        let met: Vec<_> = (0..4).map(|n| plan.choose(1, "x", n)).collect();
        let all = [Fault::Unavailable, Fault::Prose, Fault::Refusal].map(Some);
        assert_eq!(met[..3], all);
        assert_eq!(met[3], None);
    }

    #[test]
    fn rates_outside_their_range_are_refused() {
        let with = |rates: &[(Fault, f64)]| FaultPlan {
            rates: rates.to_vec(),
            ..FaultPlan::default()
        };
        for rate in [-0.1, 1.1, f64::NAN] {
            let error = with(&[(Fault::Prose, rate)]).validate().unwrap_err();
            assert!(matches!(error, SettingsError::Rate { .. }), "{error}");
        }
        let error = with(&[(Fault::Prose, 0.6), (Fault::Fenced, 0.5)])
            .validate()
            .unwrap_err();
        assert!(matches!(error, SettingsError::Rates { .. }));
        assert!(with(&[(Fault::Prose, 0.1); 10]).validate().is_ok());
    }
}
