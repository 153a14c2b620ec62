// Work on each element by itself. T is the type of hidden values: float or bf16.

#ifndef T
#define T float
#endif

extern "C" __global__ void to_bf16(const float* x, bf16* y, long long n) {
    for_packs(n, packs_fit(0, x, y), [=](auto width, long long i) {
        float part[decltype(width)::value];
        load_pack(part, x + i);
        store_pack(y + i, part);
    });
}

// y (N, C) += bias (C), in place; rows are taken in strips, see for_columns.
extern "C" __global__ void add_bias(float* y, const float* bias, int N, int C, int rows) {
    bool fit = packs_fit(C, y, bias);
    for_columns(N, C, rows, fit, [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float part[W], shift[W];
        load_pack(shift, bias + c);
        for (int row = start; row < stop; row++) {
            load_pack(part, y + (long long)row * C + c);
            for (int k = 0; k < W; k++) part[k] += shift[k];
            store_pack(y + (long long)row * C + c, part);
        }
    });
}

// --- GELU ------------------------------------------------------------------------------------------
//
// gelu(x) = x (1 + tanh(u)) / 2 = x p        u = K (x + 0.044715 x^3)        K = sqrt(2 / pi)
// p = 1 / (1 + exp(-2 u))                    the same, without tanh
// d gelu / dx = p + 2 x p (1 - p) K (1 + 3 * 0.044715 x^2)

constexpr float K = 0.7978845608028654f;

__device__ inline float gate(float x) {
    return 1 / (1 + expf(-2 * K * x * (1 + 0.044715f * x * x)));
}

// y = gelu(hidden + bias) for hidden (N, C) and bias (C), or null.
extern "C" __global__ void gelu(const T* hidden, const float* bias, T* y, int N, int C, int rows) {
    bool fit = packs_fit(C, hidden, bias, y);
    for_columns(N, C, rows, fit, [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float x[W], shift[W] = {};
        if (bias) load_pack(shift, bias + c);
        for (int row = start; row < stop; row++) {
            load_pack(x, hidden + (long long)row * C + c);
            for (int k = 0; k < W; k++) {
                x[k] += shift[k];
                x[k] *= gate(x[k]);
            }
            store_pack(y + (long long)row * C + c, x);
        }
    });
}

// dhidden = dy gelu'(hidden + bias), where dhidden may be dy itself; and its column sums by strips,
// partial (strips, C) or null: see sum_strips in rows.cu.
extern "C" __global__ void gelu_backward(const T* dy, const T* hidden, const float* bias,
                                         T* dhidden, float* partial, int N, int C, int rows) {
    bool fit = packs_fit(C, dy, hidden, bias, dhidden, partial);
    for_columns(N, C, rows, fit, [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float d[W], x[W], shift[W] = {}, sum[W] = {};
        if (bias) load_pack(shift, bias + c);
        for (int row = start; row < stop; row++) {
            load_pack(d, dy + (long long)row * C + c);
            load_pack(x, hidden + (long long)row * C + c);
            for (int k = 0; k < W; k++) {
                float z = x[k] + shift[k], p = gate(z);
                d[k] *= p + 2 * K * z * p * (1 - p) * (1 + 3 * 0.044715f * z * z);
                sum[k] += d[k];
            }
            store_pack(dhidden + (long long)row * C + c, d);
        }
        if (partial) store_pack(partial + (long long)blockIdx.y * C + c, sum);
    });
}

// --- Dropout ---------------------------------------------------------------------------------------

// y = x scale where kept, and 0 elsewhere; also the backward.
extern "C" __global__ void dropout(const float* x, float* y, unsigned long long seed,
                                   unsigned threshold, float scale, long long n) {
    for_packs(n, packs_fit(0, x, y), [=](auto width, long long i) {
        constexpr int W = decltype(width)::value;
        float part[W];
        load_pack(part, x + i);
        for (int k = 0; k < W; k++) part[k] = kept(seed, i + k, threshold) ? part[k] * scale : 0;
        store_pack(y + i, part);
    });
}

// --- The optimizer ---------------------------------------------------------------------------------

// partial[block] = the sum of x^2 over what the block's threads meet.
extern "C" __global__ void square_sums(const float* x, float* partial, long long n) {
    __shared__ float scratch[32];
    float sum = 0;
    for_packs(n, packs_fit(0, x), [&sum, x](auto width, long long i) {
        constexpr int W = decltype(width)::value;
        float part[W];
        load_pack(part, x + i);
        for (int k = 0; k < W; k++) sum += part[k] * part[k];
    });
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// norm = sqrt(sum of partial), by one block.
extern "C" __global__ void norm_of_sums(const float* partial, float* norm, int n) {
    __shared__ float scratch[32];
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) sum += partial[i];
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) *norm = sqrtf(sum);
}

// One step of AdamW on n parameters p, in place, with g clipped to a norm of `clip` (0: not at all):
//
//     g = g min(1, clip / norm)
//     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
//     p = keep p - rate m / (root sqrt(v) + eps)
//
// keep = 1 - lr weight_decay applies to the first matrix_size of them; rate = lr / (1 - beta1^t);
// root = 1 / sqrt(1 - beta2^t). Where the norm is not finite nothing is written.
extern "C" __global__ void adamw(float* p, const float* g, float* m, float* v, long long n,
                                 long long matrix_size, const float* norm, float clip, float beta1,
                                 float rest1, float beta2, float rest2, float rate, float root,
                                 float eps, float keep) {
    float length = *norm;
    if (!(fabsf(length) < INFINITY_)) return;
    float scale = clip > 0 ? fminf(1, clip / (length + 1e-6f)) : 1;
    for_packs(n, packs_fit(0, p, g, m, v), [=](auto width, long long i) {
        constexpr int W = decltype(width)::value;
        float pi[W], gi[W], mi[W], vi[W];
        load_pack(pi, p + i);
        load_pack(gi, g + i);
        load_pack(mi, m + i);
        load_pack(vi, v + i);
        for (int k = 0; k < W; k++) {
            float gradient = gi[k] * scale;
            mi[k] = beta1 * mi[k] + rest1 * gradient;
            vi[k] = beta2 * vi[k] + rest2 * gradient * gradient;
            pi[k] = (i + k < matrix_size ? keep : 1) * pi[k] -
                    rate * mi[k] / (root * sqrtf(vi[k]) + eps);
        }
        store_pack(p + i, pi);
        store_pack(m + i, mi);
        store_pack(v + i, vi);
    });
}
