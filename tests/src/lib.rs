//! Nothing: the tests of the whole, from outside, are the files of `tests/tests`.
