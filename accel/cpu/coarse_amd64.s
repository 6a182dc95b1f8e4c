//go:build amd64 && !purego

#include "textflag.h"

// COARSE turns a row's two registers of sums into upper bounds, compares them with
// its limit and notes the hits, whose union is in AX. Z16 and Z17 hold the keys'
// scales, Z26 and Z27 how far off they are.
#define COARSE(i, low, high) \
	VBROADCASTSS (4*i)(R11), Z18; \
	VBROADCASTSS (4*i)(R9), Z19; \
	VCVTDQ2PS low, low; \
	VCVTDQ2PS high, high; \
	VMULPS Z16, low, low; \
	VMULPS Z17, high, high; \
	VFMADD231PS Z18, Z26, low; \
	VFMADD231PS Z18, Z27, high; \
	VCMPPS $30, Z19, low, K1; \
	VCMPPS $30, Z19, high, K2; \
	KUNPCKWD K1, K2, K1; \
	KMOVD K1, R8; \
	MOVL R8, (4*i)(R10); \
	ORL R8, AX

// func coarse512(words int, left *uint8, right *int8, start *int32, scale, off, reach, limits, uppers *float32, hits *uint32) uint32
//
// The layout of tile512 (tile_amd64.s) with four bytes where that has a float:
// Z0..Z15 hold the sums, Z16 and Z17 the keys' step, Z18..Z25 the queries'.
TEXT ·coarse512(SB), NOSPLIT, $0-84
	MOVQ words+0(FP), CX
	MOVQ left+8(FP), SI
	MOVQ right+16(FP), DX
	MOVQ start+24(FP), R8
	MOVQ reach+48(FP), R11
	MOVQ limits+56(FP), R9
	MOVQ uppers+64(FP), DI
	MOVQ hits+72(FP), R10
	XORL AX, AX
	VMOVDQU32 0(R8), Z0
	VMOVDQU32 64(R8), Z1
	VMOVDQA32 Z0, Z2
	VMOVDQA32 Z1, Z3
	VMOVDQA32 Z0, Z4
	VMOVDQA32 Z1, Z5
	VMOVDQA32 Z0, Z6
	VMOVDQA32 Z1, Z7
	VMOVDQA32 Z0, Z8
	VMOVDQA32 Z1, Z9
	VMOVDQA32 Z0, Z10
	VMOVDQA32 Z1, Z11
	VMOVDQA32 Z0, Z12
	VMOVDQA32 Z1, Z13
	VMOVDQA32 Z0, Z14
	VMOVDQA32 Z1, Z15

words512:
	VMOVDQU32 0(DX), Z16
	VMOVDQU32 64(DX), Z17
	VPBROADCASTD 0(SI), Z18
	VPBROADCASTD 4(SI), Z19
	VPBROADCASTD 8(SI), Z20
	VPBROADCASTD 12(SI), Z21
	VPBROADCASTD 16(SI), Z22
	VPBROADCASTD 20(SI), Z23
	VPBROADCASTD 24(SI), Z24
	VPBROADCASTD 28(SI), Z25
	VPDPBUSD Z16, Z18, Z0
	VPDPBUSD Z17, Z18, Z1
	VPDPBUSD Z16, Z19, Z2
	VPDPBUSD Z17, Z19, Z3
	VPDPBUSD Z16, Z20, Z4
	VPDPBUSD Z17, Z20, Z5
	VPDPBUSD Z16, Z21, Z6
	VPDPBUSD Z17, Z21, Z7
	VPDPBUSD Z16, Z22, Z8
	VPDPBUSD Z17, Z22, Z9
	VPDPBUSD Z16, Z23, Z10
	VPDPBUSD Z17, Z23, Z11
	VPDPBUSD Z16, Z24, Z12
	VPDPBUSD Z17, Z24, Z13
	VPDPBUSD Z16, Z25, Z14
	VPDPBUSD Z17, Z25, Z15
	ADDQ $32, SI
	ADDQ $128, DX
	DECQ CX
	JNZ words512
	MOVQ scale+32(FP), R8
	VMOVUPS 0(R8), Z16
	VMOVUPS 64(R8), Z17
	MOVQ off+40(FP), R8
	VMOVUPS 0(R8), Z26
	VMOVUPS 64(R8), Z27
	COARSE(0, Z0, Z1)
	COARSE(1, Z2, Z3)
	COARSE(2, Z4, Z5)
	COARSE(3, Z6, Z7)
	COARSE(4, Z8, Z9)
	COARSE(5, Z10, Z11)
	COARSE(6, Z12, Z13)
	COARSE(7, Z14, Z15)
	MOVL AX, ret+80(FP)
	TESTL AX, AX
	JEQ nothing512
	VMOVUPS Z0, 0(DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	VMOVUPS Z4, 256(DI)
	VMOVUPS Z5, 320(DI)
	VMOVUPS Z6, 384(DI)
	VMOVUPS Z7, 448(DI)
	VMOVUPS Z8, 512(DI)
	VMOVUPS Z9, 576(DI)
	VMOVUPS Z10, 640(DI)
	VMOVUPS Z11, 704(DI)
	VMOVUPS Z12, 768(DI)
	VMOVUPS Z13, 832(DI)
	VMOVUPS Z14, 896(DI)
	VMOVUPS Z15, 960(DI)

nothing512:
	VZEROUPPER
	RET

// func dotColumnFMA(depth int, left, right *float32) float32
//
// One sum of a tile, in the tile's order.
TEXT ·dotColumnFMA(SB), NOSPLIT, $0-28
	MOVQ depth+0(FP), CX
	MOVQ left+8(FP), SI
	MOVQ right+16(FP), DX
	VXORPS X0, X0, X0

next:
	VMOVSS (SI), X1
	VFMADD231SS (DX), X1, X0
	ADDQ $32, SI
	ADDQ $128, DX
	DECQ CX
	JNZ next
	VMOVSS X0, ret+24(FP)
	RET
