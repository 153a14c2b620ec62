"""The functions of `minigpt.layers` for CuPy: fused kernels, and products at three precisions.

Read `table.py` first, which says what is in the table and when it is used, then `layernorm.py` with
the kernels of `source/rows.cu`, then `linear.py` and `mlp.py`. `launch.py` starts a kernel,
`matmul.py` calls cuBLAS.

What is cast where, by the `precision` of a table:

| | fp32 | tf32 | bf16 |
|---|---|---|---|
| parameters, gradients, AdamW | float32 | float32 | float32 |
| residual stream, layer norm, softmax, loss, all sums | float32 | float32 | float32 |
| factors of matrix products | float32 | tf32 | bf16, sums in float32 |
| kept for the backward: factors, hidden values, q, k and v | float32 | float32 | bf16 |

tf32 has the range of float32 and 11 bits of precision, to which the tensor cores cut their factors
by themselves; bf16 has the same range, 8 bits, and takes half of the memory. It is stored in uint16
arrays, which never leave the pair of functions that made them. A product of few rows is taken in
tf32 where the table says bf16: to cast the weight would take longer than the product.

No function waits for the GPU: what it decides, it decides there.
"""
