#include "check.h"

int main(void)
{
    test_ring();
    test_codecs();
    test_rtp();
    test_latch();
    test_reception();
    test_quality();
    test_reports();
    test_sender();
    test_dtmf();
    test_player();
    test_pace();
    test_security();
    test_ice();
    test_ear();
    test_detectors();
    test_engine();
    test_mix();
    test_recording();
    test_threads();
    puts("all C tests passed");
    return 0;
}
