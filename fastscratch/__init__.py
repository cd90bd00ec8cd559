from .kernels.threads import get_num_threads, set_num_threads
