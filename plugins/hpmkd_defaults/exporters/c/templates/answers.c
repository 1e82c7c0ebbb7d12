/* ------------------------------------------------------------------------------- the student */

static const uint32_t words[] = @words@;

void prefix_probabilities(const double *cells, double *out)
{
@room@@doubles_of_pool@@fill@    hpmkd_@pool@probabilities_of_row(words, @row@, out, singles@and_doubles@);
}

int prefix_code(const double *cells)
{
@room@@doubles@@fill@    return (int)hpmkd_@pool@code_of_row(words, @row@, singles, doubles);
}
