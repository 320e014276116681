//! What must hold of an answer: sources, comparisons, and the original Skopos's assertion object.
