//! Random activation order.

use rand::Rng;

use crate::streams::Stream;

/// Puts `items` into an order drawn uniformly from all orders.
///
/// Fisher-Yates from the end; one word of 64 bits serves two positions without a division, and is
/// drawn anew in the rare case that would favour some orders.
pub fn shuffle<T>(items: &mut [T], stream: &mut Stream) {
    let mut left = items.len();
    while left > 1 {
        let [first, second] = two_below(left as u64, stream);
        items.swap(left - 1, first as usize);
        items.swap(left - 2, second as usize);
        left -= 2;
    }
}

/// A number below `n` and one below `n - 1`, both uniform and independent; `n` is 2 to 2^32.
fn two_below(n: u64, stream: &mut Stream) -> [u64; 2] {
    let pairs = n * (n - 1);
    loop {
        let (first, rest) = scaled(stream.next_u64(), n);
        let (second, rest) = scaled(rest, n - 1);
        // What is left of the word is below 2^64 mod pairs for exactly the surplus words.
        if rest >= pairs || rest >= pairs.wrapping_neg() % pairs {
            return [first, second];
        }
    }
}

/// Whole part and fraction of `n` times the fraction `word` / 2^64.
fn scaled(word: u64, n: u64) -> (u64, u64) {
    let product = u128::from(word) * u128::from(n);
    ((product >> 64) as u64, product as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EpisodeIx;
    use crate::streams::{Purpose, RunSeed, StreamKey};

    fn stream(seed: u64) -> Stream {
        StreamKey::episode(RunSeed(seed), EpisodeIx(0), Purpose::Dynamics).open()
    }

    #[test]
    fn every_order_of_four_is_about_as_frequent() {
        const DRAWS: u32 = 24_000;
        let mut stream = stream(3);
        let mut counts = [0_u32; 256];
        for _ in 0..DRAWS {
            let mut items = [0_u8, 1, 2, 3];
            shuffle(&mut items, &mut stream);
            counts[items.iter().fold(0, |code, &i| code * 4 + usize::from(i))] += 1;
        }
        let seen: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(seen.len(), 24);
        let chi_squared: f64 = seen
            .iter()
            .map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0)
            .sum();
        // 0.999 quantile of chi-squared with 23 degrees of freedom.
        assert!(chi_squared < 49.73, "{chi_squared}");
    }

    #[test]
    fn any_number_of_items_stays_complete() {
        for n in [0_u32, 1, 2, 3, 10, 101] {
            let mut items: Vec<u32> = (0..n).collect();
            shuffle(&mut items, &mut stream(u64::from(n)));
            items.sort_unstable();
            assert!(items.into_iter().eq(0..n));
        }
    }
}
