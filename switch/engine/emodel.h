/* What loss and delay are to an ear: the E-model (ITU-T G.107), with all of its parameters at their defaults but
 * those that a packet network sets. One leg is rated as if it were the whole connection. */
#ifndef SWITCH_ENGINE_EMODEL_H
#define SWITCH_ENGINE_EMODEL_H

#include "codecs.h"

struct impairments {
    enum codec_id codec;
    double loss;       /* share of packets that were not heard, 0 to 1 */
    double burst;      /* how many are lost in a row, in the mean; 0 or 1: one by one */
    double delay_ms;   /* from mouth to ear, one way */
};

/* 0 (unusable) to 93.2 (nothing impairs it). Equation numbers in the file are of G.107 (06/2015). */
double emodel_r(const struct impairments *impairments);

/* In hundredths: 100 (bad) to 450 (annex B). */
uint32_t emodel_mos_100(double r);

#endif
