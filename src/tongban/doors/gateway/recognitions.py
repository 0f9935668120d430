"""5301 and 5302: which chronic diseases a person is recognised for today, and at which institutions that counts."""

from typing import Final

from tongban import chronic
from tongban.chronic import Certification
from tongban.directory import institution_names
from tongban.doors.gateway.answers import person_number
from tongban.doors.gateway.call import Call, check_insured_region, person_id_of
from tongban.doors.gateway.errors import CodeUnknown
from tongban.doors.gateway.scalars import day_text
from tongban.doors.gateway.wire import (
    INSURANCE_CODES,
    DesignationOutput,
    DesignationRow,
    PersonQueryInput,
    RecognitionOutput,
    RecognitionRow,
)
from tongban.people import enrollments, get_person

# 业务申请类型: the registration of chronic diseases is the only one that Tongban keeps institutions for.
_CHRONIC: Final = "01"


async def query(call: Call, asked: PersonQueryInput) -> RecognitionOutput:
    """5301: only what is in force today, the earliest first."""
    found = await _in_force(call, asked)
    return RecognitionOutput(
        lines=[
            RecognitionRow(
                recognised_code=each.wanted.code,
                recognised_name=each.wanted.zh,
                begins_on=day_text(each.valid_from),
                ends_on=day_text(each.valid_to) if each.valid_to else "",
            )
            for each in found
        ]
    )


async def query_institutions(call: Call, asked: PersonQueryInput) -> DesignationOutput:
    """5302, for chronic diseases: one row for each institution and recognition."""
    if asked.data.application_kind.zfill(2) != _CHRONIC:
        raise CodeUnknown(
            f"业务申请类型 biz_appy_type 是 {asked.data.application_kind[:10]}，这里只有 01（门慢门特登记）的定点信息"
        )
    found = await _in_force(call, asked)
    rows = [
        (certification, each)
        for certification in found
        for each in certification.designations
        if each.is_in_force(call.today)
    ]
    names = await institution_names(call.db, [each.institution_code for _, each in rows])
    return DesignationOutput(
        designations=[
            DesignationRow(
                person_number=person_number(certification.person_id),
                insurance_code=INSURANCE_CODES[certification.insurance_type],
                designation_order=str(order),
                institution_code=each.institution_code,
                institution_name=names.get(each.institution_code, ""),
                begins_on=day_text(each.valid_from),
                ends_on=day_text(each.valid_to) if each.valid_to else "",
            )
            for order, (certification, each) in enumerate(rows, 1)
        ]
    )


async def _in_force(call: Call, asked: PersonQueryInput) -> list[Certification]:
    """Under an insurance the person has today. The look is written down, whatever is found."""
    person = await get_person(call.db, call.vault, person_id_of(asked.data.person_number))
    enrolled = await enrollments(call.db, person.person_id, call.today)
    found = [
        each
        for each in await chronic.certifications_of(call.db, person.person_id, call.today)
        if any(each.is_under(one.pool_code, one.insurance_type) for one in enrolled)
    ]
    for each in found:
        check_insured_region(call, each.insured_pool)
    await call.looked_at("chronic.queried", person.person_id)
    return sorted(found, key=lambda each: (each.valid_from, each.certification_serial))
