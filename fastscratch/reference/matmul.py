"""The product of two matrices."""


def matmul(c, a, b):
    """Write c = a b: each number is a row of a times a column of b.

    Parameters
    ----------
    c : list of lists of float, (rows, columns)
        Written.
    a : list of lists of float, (rows, depth)
        Left factor.
    b : list of lists of float, (depth, columns)
        Right factor.
    """
    for i in range(len(a)):
        for j in range(len(b[0])):
            c[i][j] = 0.0
            for k in range(len(b)):
                c[i][j] += a[i][k] * b[k][j]
