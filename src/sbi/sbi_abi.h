/* SPDX-License-Identifier: MIT */
/*
 * sbi_abi.h - the numbers of the RISC-V Supervisor Binary Interface, and nothing else: assembler
 * includes this file too. Chapters and sections are those of the specification version 3.0 (2025);
 * up to chapter 16 they are the same in 2.0 (2024).
 */
#ifndef ACRE_SBI_SBI_ABI_H
#define ACRE_SBI_SBI_ABI_H

/* Chapter 3, 'Binary Encoding', table 1: errors, in a0 */
#define SBI_SUCCESS               0
#define SBI_ERR_FAILED            (-1)
#define SBI_ERR_NOT_SUPPORTED     (-2)
#define SBI_ERR_INVALID_PARAM     (-3)
#define SBI_ERR_DENIED            (-4)
#define SBI_ERR_INVALID_ADDRESS   (-5)
#define SBI_ERR_ALREADY_AVAILABLE (-6)
#define SBI_ERR_ALREADY_STARTED   (-7)
#define SBI_ERR_ALREADY_STOPPED   (-8)
#define SBI_ERR_NO_SHMEM          (-9)
#define SBI_ERR_INVALID_STATE     (-10) /* from here on since 3.0 */
#define SBI_ERR_BAD_RANGE         (-11)
#define SBI_ERR_TIMEOUT           (-12)
#define SBI_ERR_IO                (-13)
#define SBI_ERR_DENIED_LOCKED     (-14)
#define SBI_ERR_LAST              SBI_ERR_DENIED_LOCKED

/* Section 3.1: hart_mask_base that stands for every hart, whatever the mask. */
#define SBI_HART_MASK_ALL (-1)

/* Chapter 4, 'Base Extension' */
#define SBI_EID_BASE                 0x10
#define SBI_BASE_GET_SPEC_VERSION    0 /* 4.1 */
#define SBI_BASE_GET_IMPL_ID         1 /* 4.2 */
#define SBI_BASE_GET_IMPL_VERSION    2 /* 4.3 */
#define SBI_BASE_PROBE_EXTENSION     3 /* 4.4 */
#define SBI_BASE_GET_MVENDORID       4 /* 4.5 */
#define SBI_BASE_GET_MARCHID         5 /* 4.6 */
#define SBI_BASE_GET_MIMPID          6 /* 4.7 */
#define SBI_SPEC_VERSION_MAJOR_SHIFT 24
#define SBI_SPEC_VERSION_MAJOR_MASK  0x7f
#define SBI_SPEC_VERSION_MINOR_MASK  0xffffff

/* Section 4.9, 'SBI Implementation IDs' */
#define SBI_IMPL_BBL       0
#define SBI_IMPL_OPENSBI   1
#define SBI_IMPL_XVISOR    2
#define SBI_IMPL_KVM       3
#define SBI_IMPL_RUSTSBI   4
#define SBI_IMPL_DIOSIX    5
#define SBI_IMPL_COFFER    6
#define SBI_IMPL_XEN       7
#define SBI_IMPL_POLARFIRE 8
#define SBI_IMPL_COREBOOT  9
#define SBI_IMPL_OREBOOT   10
#define SBI_IMPL_BHYVE     11

/* Chapter 5, 'Legacy Extensions': no function id, result in a0 only */
#define SBI_EID_LEGACY_SET_TIMER              0x0 /* 5.1 */
#define SBI_EID_LEGACY_CONSOLE_PUTCHAR        0x1 /* 5.2 */
#define SBI_EID_LEGACY_CONSOLE_GETCHAR        0x2 /* 5.3 */
#define SBI_EID_LEGACY_CLEAR_IPI              0x3 /* 5.4 */
#define SBI_EID_LEGACY_SEND_IPI               0x4 /* 5.5 */
#define SBI_EID_LEGACY_REMOTE_FENCE_I         0x5 /* 5.6 */
#define SBI_EID_LEGACY_REMOTE_SFENCE_VMA      0x6 /* 5.7 */
#define SBI_EID_LEGACY_REMOTE_SFENCE_VMA_ASID 0x7 /* 5.8 */
#define SBI_EID_LEGACY_SHUTDOWN               0x8 /* 5.9 */

/* Chapter 6, 'Timer Extension' ("TIME") */
#define SBI_EID_TIME       0x54494d45
#define SBI_TIME_SET_TIMER 0 /* 6.1 */

/* Chapter 7, 'IPI Extension' ("sPI") */
#define SBI_EID_IPI      0x735049
#define SBI_IPI_SEND_IPI 0 /* 7.1 */

/* Chapter 8, 'RFENCE Extension' ("RFNC") */
#define SBI_EID_RFENCE                    0x52464e43
#define SBI_RFENCE_REMOTE_FENCE_I         0 /* 8.1 */
#define SBI_RFENCE_REMOTE_SFENCE_VMA      1 /* 8.2 */
#define SBI_RFENCE_REMOTE_SFENCE_VMA_ASID 2 /* 8.3 */

/* Chapter 9, 'Hart State Management Extension' ("HSM") */
#define SBI_EID_HSM                   0x48534d
#define SBI_HSM_HART_START            0 /* 9.1 */
#define SBI_HSM_HART_STOP             1 /* 9.2 */
#define SBI_HSM_HART_GET_STATUS       2 /* 9.3 */
#define SBI_HSM_HART_SUSPEND          3 /* 9.4 */
#define SBI_HSM_STATE_STARTED         0 /* table of states at the chapter's start */
#define SBI_HSM_STATE_STOPPED         1
#define SBI_HSM_STATE_START_PENDING   2
#define SBI_HSM_STATE_STOP_PENDING    3
#define SBI_HSM_STATE_SUSPENDED       4
#define SBI_HSM_STATE_SUSPEND_PENDING 5
#define SBI_HSM_STATE_RESUME_PENDING  6
#define SBI_HSM_STATE_LAST            SBI_HSM_STATE_RESUME_PENDING
#define SBI_HSM_SUSPEND_RETENTIVE     0x00000000 /* table of suspend types, 9.4 */
#define SBI_HSM_SUSPEND_NON_RETENTIVE 0x80000000

/* Chapter 10, 'System Reset Extension' ("SRST") */
#define SBI_EID_SRST                   0x53525354
#define SBI_SRST_SYSTEM_RESET          0 /* 10.1, with its tables of types and reasons */
#define SBI_SRST_TYPE_SHUTDOWN         0
#define SBI_SRST_TYPE_COLD_REBOOT      1
#define SBI_SRST_TYPE_WARM_REBOOT      2
#define SBI_SRST_REASON_NONE           0
#define SBI_SRST_REASON_SYSTEM_FAILURE 1

/* Chapter 11, 'Performance Monitoring Unit Extension' ("PMU") */
#define SBI_EID_PMU 0x504d55

/* Chapter 12, 'Debug Console Extension' ("DBCN"), since 2.0 */
#define SBI_EID_DBCN        0x4442434e
#define SBI_DBCN_WRITE      0 /* 12.1 */
#define SBI_DBCN_READ       1 /* 12.2 */
#define SBI_DBCN_WRITE_BYTE 2 /* 12.3 */

/* Chapter 13, 'System Suspend Extension' ("SUSP"), since 2.0 */
#define SBI_EID_SUSP 0x53555350

#endif
