//! One read buffer per thread, lent to whichever connection is being read: an idle connection
//! owns none. What is in it does not outlive the call.

use std::cell::RefCell;

/// Size of the shared buffer.
pub const READ_BUFFER_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends the buffer of this thread. A call inside a call gets a buffer of its own.
pub fn with_read_buffer<R>(use_it: impl FnOnce(&mut [u8]) -> R) -> R {
    BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => {
            buffer.resize(READ_BUFFER_BYTES, 0);
            use_it(&mut buffer)
        }
        Err(_) => use_it(&mut vec![0; READ_BUFFER_BYTES]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_inside_a_call_does_not_share_bytes() {
        with_read_buffer(|outer| {
            outer[0] = 1;
            with_read_buffer(|inner| inner[0] = 2);
            assert_eq!((outer[0], outer.len()), (1, READ_BUFFER_BYTES));
        });
    }
}
