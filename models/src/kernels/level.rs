//! The vector instructions a kernel runs with, chosen at run time.
//!
//! Every level gives the same bits: a lane is one output element, and each lane does the same
//! fused operations in the same order whatever the width of the registers.

/// The set of vector instructions used by the kernels.
///
/// A value exists only for sets that this processor has, so a kernel may be run with any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(pub(crate) Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// Plain Rust, for processors without the sets below.
    Portable,
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with the byte, length and VNNI extensions.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The levels of this processor, slowest first; the portable one is always there.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "it grows on x86-64 only")]
        let mut levels = vec![Self(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self(Set::Avx2));
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vnni")
                && is_x86_feature_detected!("fma")
            {
                levels.push(Self(Set::Avx512));
            }
        }
        levels
    }

    /// The fastest level of this processor.
    pub fn best() -> Self {
        *Self::available()
            .last()
            .expect("the portable level is always there")
    }
}

/// Whether the registers of a level hold 24 accumulators of 16 lanes.
#[cfg(feature = "local")]
pub(crate) fn is_wide(level: Level) -> bool {
    match level.0 {
        Set::Portable => false,
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => false,
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => true,
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::best()
    }
}

/// Defines a function that runs a kernel generic over [`Lanes`](super::lanes::Lanes) at a [`Level`].
///
/// The three copies differ only in the instructions the compiler may use.
macro_rules! at_level {
    ($(#[$meta:meta])* $vis:vis unsafe fn $name:ident($($arg:ident: $ty:ty),* $(,)?) = $kernel:ident) => {
        $(#[$meta])*
        $vis unsafe fn $name(level: $crate::kernels::Level, $($arg: $ty),*) {
            use $crate::kernels::Set;
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
            unsafe fn avx512($($arg: $ty),*) {
                // SAFETY: the caller keeps the kernel's contract; the features are enabled here.
                unsafe { $kernel::<$crate::kernels::Avx512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) {
                // SAFETY: the caller keeps the kernel's contract; the features are enabled here.
                unsafe { $kernel::<$crate::kernels::Avx2>($($arg),*) }
            }
            match level.0 {
                // SAFETY: the caller keeps the kernel's contract; a level exists only where the
                // processor has its instructions.
                Set::Portable => unsafe {
                    $kernel::<$crate::kernels::Portable>($($arg),*);
                },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Set::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Set::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}
pub(crate) use at_level;
