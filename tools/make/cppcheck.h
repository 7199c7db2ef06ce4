/*
 * What cppcheck is told of OpenSSL's macros, whose headers it does not read: enough that it
 * parses the files that use them. Included before each file by `make lint` alone.
 */
#define DECLARE_ASN1_ITEM(name)
#define DEFINE_STACK_OF(type)
#define ASN1_SEQUENCE(name) static const int name##_sequence[]
#define ASN1_SEQUENCE_END(name) ;
#define static_ASN1_SEQUENCE_END(name) ;
#define ASN1_ITEM_TEMPLATE(name) static const int name##_item
#define ASN1_ITEM_TEMPLATE_END(name) ;
