/* Short words by their bytes, each with a number: header names, parameter names, methods. */
#ifndef SWITCH_SIP_MESSAGE_NAMES_H
#define SWITCH_SIP_MESSAGE_NAMES_H

#include "plain.h"

/* A power of two, at least twice the words that are put in: 64 headers in three cases and the compact forms. */
#define NAMES_SLOTS 1024
#define NAMES_LENGTH_MAX 39

typedef struct {
    char text[NAMES_LENGTH_MAX + 1];
    uint8_t length;
    int16_t number;
} Name;

typedef struct {
    Name slots[NAMES_SLOTS];
    int count;
} Names;

/* False where the word is too long or half of the slots are taken. The first number of a word stays. */
bool names_add(Names *names, Span word, int number);

/* The word's number, or -1. */
int names_find(const Names *names, Span word);

#endif
