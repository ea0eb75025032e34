//! Sixteen floats side by side: the one vector type in which all kernels are written.

/// Lanes of a vector.
pub(crate) const LANES: usize = 16;

/// Sixteen `f32` lanes.
///
/// Every implementation gives the same bits for every operation: they are either exact, or one
/// correctly rounded IEEE operation a lane.
///
/// # Safety
/// The functions may be called only inside a function compiled with the instructions of the
/// implementation (see `at_level!`); those that take pointers read or write as many elements as
/// their documentation says, at any alignment.
pub(crate) trait Lanes: Copy {
    /// Whether the register file holds 24 accumulators of 16 lanes; else it holds 6.
    const WIDE: bool;

    /// Reads 16 floats.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes 16 floats.
    unsafe fn store(self, to: *mut f32);
    /// The same float in each lane.
    unsafe fn splat(value: f32) -> Self;
    /// `self * factor + addend`, rounded once.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;
    /// `self * other`.
    unsafe fn mul(self, other: Self) -> Self;
    /// `self / other`.
    unsafe fn div(self, other: Self) -> Self;
    /// The larger of both; neither may be NaN for equal bits.
    unsafe fn max(self, other: Self) -> Self;
    /// The smaller of both; neither may be NaN for equal bits.
    unsafe fn min(self, other: Self) -> Self;
    /// `self` where `by >= low`, else 0.
    unsafe fn where_at_least(self, by: Self, low: f32) -> Self;
    /// `2^n`, where `self` is [`ROUNDER`](super::exponential::ROUNDER) plus the whole number `n`.
    unsafe fn power_of_two(self) -> Self;

    /// Reads the first `count` floats, at most 16; the other lanes are 0.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller vouches for `count` floats.
        unsafe {
            if count >= LANES {
                return Self::load(from);
            }
            let mut buffer = [0.0; LANES];
            std::ptr::copy_nonoverlapping(from, buffer.as_mut_ptr(), count);
            Self::load(buffer.as_ptr())
        }
    }

    /// Writes the first `count` lanes, at most 16.
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        // SAFETY: the caller vouches for room for `count` floats.
        unsafe {
            if count >= LANES {
                self.store(to);
            } else {
                let buffer = self.to_array();
                std::ptr::copy_nonoverlapping(buffer.as_ptr(), to, count);
            }
        }
    }

    /// The lanes as an array.
    #[inline(always)]
    unsafe fn to_array(self) -> [f32; LANES] {
        let mut array = [0.0; LANES];
        // SAFETY: the array has room for 16 floats.
        unsafe { self.store(array.as_mut_ptr()) };
        array
    }

    /// The sum of the lanes as a balanced tree: lanes 8 apart first, neighbours last.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: as the caller promises.
        let mut lanes = unsafe { self.to_array() };
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        lanes[0]
    }

    /// The rows of a block of sixteen vectors as its columns.
    #[inline(always)]
    unsafe fn transposed(block: [Self; LANES]) -> [Self; LANES] {
        // SAFETY: each row of the arrays has sixteen floats.
        unsafe {
            let rows = block.map(|row| row.to_array());
            let column = |c: usize| std::array::from_fn::<f32, LANES, _>(|r| rows[r][c]);
            std::array::from_fn(|c| Self::load(column(c).as_ptr()))
        }
    }

    /// The largest lane.
    #[inline(always)]
    unsafe fn maximum(self) -> f32 {
        // SAFETY: as the caller promises.
        let lanes = unsafe { self.to_array() };
        lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }
}
