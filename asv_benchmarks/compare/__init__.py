"""fastscratch beside PyTorch, JAX, scikit-learn, NumPy, OpenCV, SciPy and onnxruntime.

Run it from the checkout, on a quiet machine; a library that is not installed is left
out::

    pip install -e ".[bench]"
    python -m asv_benchmarks.compare                        # everything, about ten minutes
    python -m asv_benchmarks.compare --only LeNet --rounds 9
    python -m asv_benchmarks.compare --quick                # does it work?
    python -m asv_benchmarks.compare --naive                # the kernels beside their naive twins
    python -m asv_benchmarks.compare --random 40 --seed 7   # workloads that nobody has chosen

It prints a Markdown table with a row for each comparison, won or lost.

How it measures: each library runs in a process of its own for each number of threads, pinned to
it from the start. One process works at a time; the others wait for their turn, and sleep. In each
round each variant of each library has a short turn of many samples, so that what disturbs the
machine disturbs all. The least sample counts. All read the same data and start from the same
weights, and first show that they compute the same: the loss after the first few epochs, or the
spread of the result. What the first call takes (compiling, above all) is reported apart.

One file a library, ``<library>_side.py``, shows how it is called; ``workloads.py`` says what is
computed, and how fast fastscratch must be. ``drawing.py`` draws workloads at random, of which
``summary.py`` prints every loss and the quartiles. Look for slow ones with some seeds, and report
others.
"""
