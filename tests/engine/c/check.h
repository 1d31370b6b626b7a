/* What the C tests share. A failed check says where and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

#define CHECK_EQUAL(left, right)                                                              \
    do {                                                                                      \
        long long left_ = (long long)(left), right_ = (long long)(right);                     \
        if (left_ != right_) {                                                                \
            fprintf(stderr, "%s:%d: %s is %lld, %s is %lld\n", __FILE__, __LINE__, #left,     \
                    left_, #right, right_);                                                   \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

void test_ring(void);
void test_codecs(void);
void test_rtp(void);
void test_latch(void);
void test_reception(void);
void test_quality(void);
void test_reports(void);
void test_sender(void);
void test_dtmf(void);
void test_player(void);
void test_pace(void);
void test_security(void);
void test_ice(void);
void test_ear(void);
void test_detectors(void);
void test_engine(void);
void test_recording(void);
void test_threads(void);
void test_mix(void);

#endif
