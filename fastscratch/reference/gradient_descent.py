"""Linear, logistic and softmax regression by gradient descent: one loop, three activations."""

from fastscratch.reference.activations import activation_forward


def gradient_descent(coefficients, X, y, activation, learning_rate, n_iterations):
    """Repeat coefficients -= learning_rate * X' (f(X coefficients) - y) / n.

    Parameters
    ----------
    coefficients : list of lists of float, (k, o)
        Updated in place: one column of coefficients per output.
    X : list of lists of float, (n, k)
        Explanatory variables; a column of ones if there is an intercept.
    y : list of lists of float, (n, o)
        What is to be predicted.
    activation : {"linear", "sigmoid", "softmax"}
        The function f: linear, logistic or softmax regression.
    learning_rate : float
        Length of the steps.
    n_iterations : int
        How many steps to take.

    Notes
    -----
    Essay, steps 1 to 3; in step 2 it is `logistic_reg`.
    """
    n_samples, n_in, n_out = len(X), len(coefficients), len(coefficients[0])
    for _ in range(n_iterations):
        delta = [[0.0] * n_out for _ in range(n_in)]
        for n in range(n_samples):
            scores = [0.0] * n_out
            for o in range(n_out):
                for i in range(n_in):
                    scores[o] += X[n][i] * coefficients[i][o]
            guess = [0.0] * n_out
            activation_forward([guess], [scores], activation)
            for o in range(n_out):
                residual = guess[o] - y[n][o]
                for i in range(n_in):
                    delta[i][o] += X[n][i] * residual
        for i in range(n_in):
            for o in range(n_out):
                coefficients[i][o] -= learning_rate * delta[i][o] / n_samples
