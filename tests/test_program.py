"""The program of a training step, as people read it: its lines, and the sizes in them."""

import pytest

import fastscratch as fs
from fastscratch import layers

FLOAT32 = 4  # bytes


def compiled(*stack, optimizer="sgd", loss="mse", **arguments):
    model = fs.Sequential(stack, **arguments)
    model.compile(optimizer, loss)
    return model


def lines_of(program, layer):
    """The phases of a layer, by their operation."""
    mine = [line for line in program.lines if line.site.startswith(f"{layer} (")]
    return {line.name.split(",")[0]: line for line in mine}


def test_prints_each_phase_once_in_the_order_of_a_step():
    """4 inputs, 3 outputs, 10 samples; a product takes 2 x 10 x 4 x 3 operations."""
    model = compiled(layers.Input((4,)), layers.Dense(3, name="out"))
    head, *lines, total, memory = str(model.program(batch_size=10)).splitlines()
    assert head.split() == ["phase", "operation", "layer", "items", "kflop", "kB"]
    assert [line.split() for line in lines] == [
        ["0", "epoch", "1"],
        ["1", "gather", "1", "0.3"],  # 10 x (4 + 3) numbers
        ["2", "dense_forward_block", "out", "(3,)", "1", "0.2", "0.3"],
        ["3", "loss,", "mean_squared_error", "loss", "1", "0.0", "0.4"],
        ["4", "totals", "loss", "1", "0.1"],
        ["5", "dense_backward,", "sgd_update", "out", "(3,)", "1", "0.2", "0.3"],
    ]
    assert total.split()[0] == "total"
    assert memory[:8] == "memory: "
    assert memory[-3:] == " kB"
    assert len({line.index("out") for line in lines if "out" in line}) == 1  # a column


def test_lines_of_a_bundle_and_a_chain_stand_below_them():
    model = compiled(
        layers.Input((8, 8, 1)),
        layers.Conv2D(2, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2),
    )
    text = str(model.program())
    names = [line[7:].split("  ")[0] for line in text.splitlines() if line[:5].strip().isdigit()]
    assert names == ["epoch", "gather", "chain", "bundle"]
    _, chain = text.split(" chain ")
    within, after = chain.split(" bundle ")
    assert "\n         conv2d_maxima, relu_forward  conv2d, max_pooling2d (3, 3, 2)" in within
    assert "\n         dense_backward, sgd_update" in after


def test_total_is_the_sum_of_the_lines():
    program = compiled(layers.Input((4,)), layers.Dense(300), layers.Dense(1)).program()
    assert program.flops == sum(line.flops for line in program.lines)
    assert program.bytes == sum(line.bytes for line in program.lines)
    *_, flops, moved = str(program).splitlines()[-2].split()
    assert flops == f"{program.flops / 1000:,.1f}"
    assert moved == f"{program.bytes / 1000:,.1f}"


@pytest.mark.parametrize(
    ("n_samples", "n_in", "n_out"), [(10, 4, 3), (32, 784, 100), (300, 70, 200)]
)
def test_flops_of_a_dense_layer(n_samples, n_in, n_out):
    """A product of matrices is a multiplication and an addition for each of n x in x out."""
    model = compiled(layers.Input((n_in,)), layers.Dense(n_in), layers.Dense(n_out, name="out"))
    lines = lines_of(model.program(n_samples), "out")
    (forward,) = (line for name, line in lines.items() if name.startswith("dense_forward"))
    assert forward.flops == 2 * n_samples * n_in * n_out
    # The gradients of the weights and of the inputs are products of as many.
    backward = [lines.get(name) for name in ("dense_hand_down_block", "dense_backward")]
    assert sum(line.flops for line in backward if line) == 2 * forward.flops


def test_flops_of_a_convolution():
    """A filter of 3 x 3 x 32 at each of 12 x 10 positions."""
    model = compiled(layers.Input((14, 12, 32)), layers.Conv2D(40, 3, name="conv"))
    model.add(layers.Conv2D(8, 1, activation="relu"))
    lines = lines_of(model.program(4), "conv")
    flops = 2 * 4 * (12 * 10) * (3 * 3 * 32) * 40
    assert lines["conv2d_forward"].flops == lines["conv2d_backward_weight"].flops == flops


def test_first_layer_hands_down_no_gradient():
    model = compiled(layers.Input((6,)), layers.Dense(5, name="first"), layers.Dense(4))
    lines = lines_of(model.program(8), "first")
    assert lines["dense_backward"].flops == 2 * 8 * 6 * 5


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
@pytest.mark.parametrize(("optimizer", "remembered"), [("sgd", 0), ("rmsprop", 1), ("adam", 2)])
def test_bytes_of_a_dense_layer(dtype, size, optimizer, remembered):
    """Each array once: 10 x 4 inputs, 10 x 3 outputs or their gradient, 4 x 3 + 3 weights."""
    model = compiled(
        layers.Input((4,)), layers.Dense(3, name="out"), optimizer=optimizer, dtype=dtype
    )
    lines = lines_of(model.program(10), "out")
    assert lines["dense_forward_block"].bytes == size * (40 + 30 + 15)
    assert lines["dense_backward"].bytes == size * (40 + 30 + 15 * (1 + remembered))


def test_bytes_do_not_depend_on_where_the_weights_end():
    """With 16 weights the next array begins where they end."""
    model = compiled(layers.Input((3,)), layers.Dense(4, name="out"))
    lines = lines_of(model.program(10), "out")
    assert lines["dense_forward_block"].bytes == FLOAT32 * (30 + 40 + 16)


def test_program_depends_on_the_optimizer():
    """With clipping by the norm no weight moves before the whole gradient is known."""
    stack = layers.Input((4,)), layers.Dense(3)
    clipped = compiled(*stack, optimizer=fs.optimizers.SGD(global_clipnorm=1.0)).program()
    assert [line.name for line in clipped.lines][-3:] == [
        "dense_backward",
        "clip_norm",
        "update, sgd_update",
    ]


def test_program_of_a_model_with_several_inputs_and_outputs():
    a, b = fs.Input((4,)), fs.Input((3,))
    first, second = layers.Dense(2, name="first"), layers.Dense(1, name="second")
    both = layers.Concatenate()([first(a), b])
    model = fs.Model([a, b], [both, second(both)])
    model.compile("sgd", loss=["mse", "mae"])
    names = [line.name for line in model.program(8).lines]
    assert names.count("loss, mean_squared_error") == 1
    assert names.count("loss, mean_absolute_error") == 1


def test_program_leaves_the_model_alone():
    model = compiled(layers.Input((4,)), layers.Dense(3))
    before = model.get_weights()
    model.program().memory[:] = 1
    for kept, now in zip(before, model.get_weights(), strict=True):
        assert (kept == now).all()


def test_what_it_refuses():
    with pytest.raises(RuntimeError, match="is not compiled"):
        fs.Sequential([layers.Input((4,)), layers.Dense(3)]).program()
    with pytest.raises(ValueError, match="does not know its input shape"):
        compiled(layers.Dense(3)).program()
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        compiled(layers.Input((4,)), layers.Dense(3)).program(0)
    with pytest.raises(TypeError, match="batch_size must be an integer, got float"):
        compiled(layers.Input((4,)), layers.Dense(3)).program(3.5)
